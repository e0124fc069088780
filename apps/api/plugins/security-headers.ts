import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** Nothing of the API is a page; the two that are (docs, dashboard) say what they need with `pageContent`. */
export const securityHeadersPlugin = fastifyPlugin(
  async (app: FastifyInstance) => {
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
      },
      // This server speaks plain HTTP. Whoever ends TLS in front of it knows whether the promise can be kept.
      hsts: false,
      referrerPolicy: { policy: 'no-referrer' },
    });
  },
  { name: 'security-headers' },
);

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // Both pages set styles from their scripts.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Lets the pages of this scope load what this server itself has, and nothing from elsewhere. */
export function pageContent(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    void reply.header('content-security-policy', pagePolicy);
    done(null, payload);
  });
}
