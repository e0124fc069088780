import { inTenant } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import '../request-fields.ts';

/**
 * Everything that a request does once it was let in, it does for the tenant of its key: the database of the API says so to Postgres with every
 * statement. Twice, since a body is read in between, in the scope of its connection. A stream that is read later says itself whose it is.
 */
export const tenantPlugin = fastifyPlugin(
  (app: FastifyInstance, _options: object, done: () => void) => {
    app.addHook('preParsing', ({ apiKey }, _reply, payload, next) => {
      if (apiKey === null) return next(null, payload);
      inTenant(apiKey.tenantId, () => next(null, payload));
    });
    app.addHook('preValidation', ({ apiKey }, _reply, next) => {
      if (apiKey === null) return next();
      inTenant(apiKey.tenantId, next);
    });
    done();
  },
  { name: 'tenant' },
);
