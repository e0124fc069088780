import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** One line per request, with the route's pattern and never the URL; and `x-request-id` on every answer. */
export const requestLogPlugin = fastifyPlugin(
  (app: FastifyInstance, { log }: { readonly log: Logger }, done: () => void) => {
    app.decorateRequest('refusedAs', null);
    app.addHook('onRequest', (request, reply, next) => {
      void reply.header('x-request-id', request.id);
      next();
    });
    app.addHook('onResponse', (request, reply, next) => {
      log.info('http.request', {
        ...fieldsOf(request),
        status_code: reply.statusCode,
        reason: request.refusedAs ?? undefined,
        duration_ms: Math.round(reply.elapsedTime),
      });
      next();
    });
    app.addHook('onRequestAbort', (request, next) => {
      log.info('http.request', { ...fieldsOf(request), reason: 'client_went_away' });
      next();
    });
    done();
  },
  { name: 'request-log' },
);

function fieldsOf(request: FastifyRequest) {
  return {
    request: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    api_key: request.apiKey?.id,
  };
}
