import type { FastifyInstance } from 'fastify';

/** Every call that a server takes, as `GET /v1/jobs/:id`, read from the tree that Fastify prints; without HEAD. */
export function registeredCalls(app: FastifyInstance): string[] {
  const above: string[] = [];
  const calls = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', step = '', methods = ''] =
      /^((?:│ {3}| {4})*)[├└]── (.*?) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (methods === '') continue;
    const depth = indent.length / 4;
    above.splice(depth, above.length, step);
    const path = above.join('').replace(/^\/\//, '/');
    for (const method of methods.split(', ')) {
      if (method !== 'HEAD') calls.push(`${method} ${path}`);
    }
  }
  return calls;
}
