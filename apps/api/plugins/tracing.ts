import { type OpenSpan, parseTraceparent, type Tracing } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import '../request-fields.ts';

/** Asked every few seconds by machines: nothing that anybody would look for in a trace. */
const untraced: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * One span a request, below the caller's where it sent a `traceparent`. The log lines of the request belong to it, and a job
 * that is made in it keeps its place, so that the workers go on there.
 */
export const tracingPlugin = fastifyPlugin(
  (app: FastifyInstance, { tracing }: { readonly tracing: Tracing }, done: () => void) => {
    app.decorateRequest('traceparent', null);
    if (!tracing.enabled) return done();
    const spans = new WeakMap<FastifyRequest, OpenSpan>();

    app.addHook('onRequest', (request, _reply, next) => {
      const { method, headers, routeOptions } = request;
      if (untraced.has(routeOptions.url)) return next();
      const route = routeOptions.url ?? 'none';
      const given = typeof headers.traceparent === 'string' ? headers.traceparent : '';
      const span = tracing.begin({
        name: `${method} ${route}`,
        kind: 'server',
        parent: parseTraceparent(given) === null ? null : given,
        fields: { method, route },
      });
      spans.set(request, span);
      span.run(() => {
        request.traceparent = tracing.traceparent();
        next();
      });
    });
    // A body that was parsed came in the connection's context, not in this one.
    app.addHook('preHandler', (request, _reply, next) => {
      const span = spans.get(request);
      if (span) span.run(next);
      else next();
    });
    const end = (request: FastifyRequest, failed: boolean, status_code?: number) => {
      spans.get(request)?.end(failed, { status_code });
      spans.delete(request);
    };
    app.addHook('onResponse', (request, reply, next) => {
      end(request, reply.statusCode >= 500, reply.statusCode);
      next();
    });
    app.addHook('onRequestAbort', (request, next) => {
      end(request, true);
      next();
    });
    done();
  },
  { name: 'tracing' },
);
