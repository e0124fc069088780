import { type Database, findApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { allows } from '../key-rights.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import '../request-fields.ts';

interface AuthOptions {
  readonly database: Database;
  /** `basic` also takes `Authorization: Basic`, with any user and the key as the password: for browsers. */
  readonly basic?: boolean;
  /** The scope of every route here; absent: each route says its own, and one that does not is a bug. */
  readonly scope?: Scope;
}

/** Asks for an API key on every route of the scope that it is registered in. */
export const authPlugin = fastifyPlugin(
  (app: FastifyInstance, { database, basic = false, scope }: AuthOptions, done: () => void) => {
    app.addHook('onRoute', (route) => {
      if (!(scope ?? route.config?.scope)) throw new Error(`${route.url} names no scope`);
    });
    const count = app.rateLimit();
    app.addHook('onRequest', async (request, reply) => {
      const shown = shownKey(request.headers.authorization ?? '', basic);
      const key = shown === null ? null : await findApiKey(database, shown);
      if (!key) {
        // A valid key is let through all the same: behind a proxy everybody comes from one address.
        const wait_s = await app.refusedTooOften(request);
        if (wait_s === null) return refuseUnauthenticated(request, reply, basic);
        void reply.header('retry-after', wait_s);
        return sendRefusal(request, reply, refuse('rate_limited'));
      }
      request.apiKey = key;
      // Here and not behind this hook, so that what is refused for its scope counts too.
      await count.call(app, request, reply);
      const needed = scope ?? request.routeOptions.config.scope;
      if (needed && needed !== 'any' && !allows(key, needed)) {
        const detail = `This needs the scope ${needed}.`;
        return sendRefusal(request, reply, refuse('scope_missing', { detail }));
      }
    });
    done();
  },
  { name: 'auth' },
);

function refuseUnauthenticated(request: FastifyRequest, reply: FastifyReply, basic: boolean) {
  const challenge = basic
    ? 'Basic realm="Rollcall, the password is an API key"'
    : 'Bearer realm="Rollcall"';
  void reply.header('www-authenticate', challenge);
  const detail = basic
    ? 'Sign in with any user name and a valid key of scope `admin` as the password (HTTP Basic), or send the key as a bearer.'
    : undefined;
  return sendRefusal(request, reply, refuse('unauthenticated', { detail }));
}

function shownKey(authorization: string, basic: boolean): string | null {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (!basic || scheme.toLowerCase() !== 'basic') return null;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : pair.slice(colon + 1);
}
