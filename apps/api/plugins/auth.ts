import { finished } from 'node:stream';
import { type ApiKey, type Database, findApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { KeyWatch } from '../key-watch.ts';
import { allows } from '../key-rights.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import '../request-fields.ts';

interface AuthOptions {
  readonly database: Database;
  readonly keyWatch: KeyWatch;
  /** Where browsers come too: the key of a request without a bearer, and what is said where there is none. */
  readonly browsers?: {
    keyOf(request: FastifyRequest): Promise<ApiKey | null>;
    signIn(request: FastifyRequest, reply: FastifyReply): FastifyReply;
  };
  /** The scope of every route here; absent: each route says its own, and one that does not is a bug. */
  readonly scope?: Scope;
}

/** Asks for an API key on every route of the scope that it is registered in. */
export const authPlugin = fastifyPlugin(
  (app: FastifyInstance, options: AuthOptions, done: () => void) => {
    const { database, keyWatch, browsers, scope } = options;
    const look = sharedLooks(database);
    app.addHook('onRoute', (route) => {
      if (!(scope ?? route.config?.scope)) throw new Error(`${route.url} names no scope`);
    });
    const count = app.rateLimit();
    app.addHook('onRequest', async (request, reply) => {
      const { authorization } = request.headers;
      const key =
        authorization === undefined && browsers
          ? await browsers.keyOf(request)
          : await keyShown(look, authorization ?? '');
      if (!key) {
        // A valid key is let through all the same: behind a proxy everybody comes from one address.
        const wait_s = await app.refusedTooOften(request);
        if (wait_s !== null) {
          return sendRefusal(request, reply, refuse('rate_limited', { retryAfter_s: wait_s }));
        }
        void reply.header('www-authenticate', 'Bearer realm="Rollcall"');
        return browsers && authorization === undefined
          ? browsers.signIn(request, reply)
          : sendRefusal(request, reply, refuse('unauthenticated'));
      }
      request.apiKey = key;
      // Here and not behind this hook, so that what is refused for its scope counts too.
      await count.call(app, request, reply);
      const needed = scope ?? request.routeOptions.config.scope;
      if (needed && needed !== 'any' && !allows(key, needed)) {
        const detail = `This needs the scope ${needed}.`;
        return sendRefusal(request, reply, refuse('scope_missing', { detail }));
      }
      const cut = () => void reply.raw.destroy();
      finished(
        reply.raw,
        keyWatch.hold(key, () => (request.whenKeyEnds ?? cut)()),
      );
    });
    done();
  },
  { name: 'auth' },
);

type LookUp = (text: string) => Promise<ApiKey | null>;

async function keyShown(look: LookUp, authorization: string): Promise<ApiKey | null> {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  return scheme.toLowerCase() === 'bearer' ? look(value) : null;
}

/**
 * Looks keys up, and gives requests that show the same key at the same moment one look. Nothing is remembered beyond
 * the look itself, so that a revoked key opens nothing for longer than one statement takes.
 */
function sharedLooks(database: Database): LookUp {
  const underWay = new Map<string, Promise<ApiKey | null>>();
  return (text) => {
    const shared = underWay.get(text);
    if (shared) return shared;
    const look = findApiKey(database, text).finally(() => underWay.delete(text));
    underWay.set(text, look);
    return look;
  };
}
