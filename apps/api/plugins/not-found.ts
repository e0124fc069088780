import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { refuse, sendRefusal } from '../refusal.ts';

/** Answers 405 with `Allow` where the path exists with other methods, else 404. Register it before all routes. */
export const notFoundPlugin = fastifyPlugin(
  (app: FastifyInstance, _options, done) => {
    const methodsByPath = new Map<
      string,
      { readonly shape: RegExp; readonly methods: Set<string> }
    >();
    app.addHook('onRoute', ({ url, method }) => {
      const known = methodsByPath.get(url) ?? { shape: shapeOf(url), methods: new Set<string>() };
      for (const each of [method].flat()) known.methods.add(each);
      methodsByPath.set(url, known);
    });
    app.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?')[0] ?? '';
      const methods = [...methodsByPath.values()]
        .filter(({ shape }) => shape.test(path))
        .flatMap((known) => [...known.methods]);
      // With this method too: of files, one that is not there.
      if (methods.length === 0 || methods.includes(request.method)) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      void reply.header('allow', [...new Set(methods)].sort().join(', '));
      return sendRefusal(request, reply, refuse('method_not_allowed'));
    });
    done();
  },
  { name: 'not-found' },
);

/** `/v1/jobs/:id` matches any one step there; a trailing `*` matches anything. */
function shapeOf(url: string): RegExp {
  const steps = url.split('/').map((step) => {
    if (step.startsWith(':')) return '[^/]+';
    return step === '*' ? '.*' : step.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${steps.join('/')}$`);
}
