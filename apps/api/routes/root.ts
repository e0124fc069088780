import type { FastifyInstance } from 'fastify';
import { dashboardPath } from '../dashboard/paths.ts';

/** `GET /`: where everything is, for whoever opens the address that was printed. */
export function rootRoute(app: FastifyInstance, _options: object, done: () => void): void {
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json').send({
      name: 'Rollcall API',
      links: {
        jobs: '/v1/jobs',
        docs: '/docs',
        openapi: '/openapi.json',
        dashboard: dashboardPath,
        health: '/healthz',
      },
    }),
  );
  done();
}
