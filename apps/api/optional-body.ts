import type { FastifyInstance } from 'fastify';

/**
 * On the routes of this scope a JSON body may be absent, also where its type is announced, as many clients do with every POST:
 * `request.body` is undefined then.
 */
export function letBodiesBeAbsent(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  // Fastify's own takes texts too, which no schema here would look at.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null);
    return parse(request, String(body), done);
  });
}
