import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** JSON ends with a line break, so that a terminal's prompt does not stand behind it. Streams are left alone. */
export const endJsonWithNewlinePlugin = fastifyPlugin(
  (app: FastifyInstance, _options, done) => {
    app.addHook('onSend', (_request, reply, payload, next) => {
      const isJson = /^application\/(?:problem\+)?json\b/.test(
        String(reply.getHeader('content-type')),
      );
      next(null, isJson && typeof payload === 'string' ? `${payload}\n` : payload);
    });
    done();
  },
  { name: 'end-json-with-newline' },
);
