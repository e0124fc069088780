import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** Long enough to read an answer that came before the body was sent, too short to be kept busy with. */
const linger_ms = 5_000;

/**
 * A request may be answered before its body has arrived (401, 413). Its rest is let run out for a moment, since a client
 * that is cut off while it sends often never sees the answer; then the connection is closed.
 */
export const endUnreadBodiesPlugin = fastifyPlugin(
  (app: FastifyInstance, _options, done) => {
    app.addHook('onResponse', (request, _reply, next) => {
      const { raw } = request;
      if (!raw.readableEnded) {
        const timer = setTimeout(() => raw.socket.destroy(), linger_ms).unref();
        raw.once('close', () => clearTimeout(timer));
        raw.once('end', () => clearTimeout(timer));
        // Whoever read it is left in the middle, or is just ending: either would stop the flow, were nobody there to hear it.
        raw.removeAllListeners('readable').on('data', () => undefined);
        raw.resume();
      }
      next();
    });
    done();
  },
  { name: 'end-unread-bodies' },
);
