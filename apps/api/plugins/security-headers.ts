import { createHash } from 'node:crypto';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { style } from '../dashboard/page.ts';

/** Nothing of the API is a page; those that are say what they need: with `pageContent` what others wrote, with `asOwnPage` what we did. */
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
    if (!isOwnPage(reply)) void reply.header('content-security-policy', pagePolicy);
    done(null, payload);
  });
}

/** Pages of ours beside those of others. */
function isOwnPage(reply: FastifyReply): boolean {
  return reply.getHeader('content-security-policy') === ownPagePolicy;
}

const ownPagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** For pages that we write ourselves: no script at all, one style, forms to this server, and nothing that a browser or a proxy keeps. */
export function asOwnPage(reply: FastifyReply): FastifyReply {
  return (
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', ownPagePolicy)
      .header('cache-control', 'no-store')
      // Told nothing of where a form comes from, a browser sends `Origin: null`.
      .header('referrer-policy', 'same-origin')
  );
}
