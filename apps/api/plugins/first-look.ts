import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { refuse, sendRefusal } from '../refusal.ts';

/** Answers nobody's rows, and lets nobody in, before this Postgres has said that it may be worked with. */
export const firstLookPlugin = fastifyPlugin(
  (app: FastifyInstance, { isFine }: { isFine(): Promise<boolean> }, done: () => void) => {
    app.addHook('onRequest', async (request, reply) => {
      if (!/^\/(?:v1|admin)(?:\/|$)/.test(request.routeOptions.url ?? '')) return;
      if (!(await isFine())) return sendRefusal(request, reply, refuse('database_unavailable'));
    });
    done();
  },
  { name: 'first-look' },
);
