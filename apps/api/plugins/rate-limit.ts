import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import '../request-fields.ts';

export interface RateLimits {
  /** Requests that this process answers one key, with those that it was rotated from and into, in a minute; a key may have less. */
  readonly perKeyMax: number;
  /** The same for an address, of requests without a valid key: pages for everybody, and refused keys. */
  readonly perAddressMax: number;
}

const window_ms = 60_000;
/** Of which counts are kept; the one that asked longest ago goes first. */
const counted_max = 10_000;
/** Asked by machines that watch the process, at their own pace. */
const unlimited: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * Counts requests in this process alone: n processes answer n times as many. It keeps one caller from taking all of a
 * process; what a job may spend is counted in Postgres. `RateLimit-*` (draft 3 of the HTTP working group) is on every answer
 * that counts. Register it before the routes: it runs behind the hooks of their scope, so that a key is known by then.
 */
export const rateLimitPlugin = fastifyPlugin(
  async (app: FastifyInstance, { perKeyMax, perAddressMax }: RateLimits) => {
    await app.register(rateLimit, {
      enableDraftSpec: true,
      timeWindow: window_ms,
      cache: counted_max,
      keyGenerator: (request) => request.apiKey?.family ?? normalizeIP(request.ip),
      max: ({ apiKey }: FastifyRequest) =>
        apiKey ? Math.min(perKeyMax, apiKey.requestsPerMinute ?? perKeyMax) : perAddressMax,
      allowList: (request: FastifyRequest) => unlimited.has(request.routeOptions.url),
    });
    const countRefusedKey = app.createRateLimit({
      max: perAddressMax,
      timeWindow: window_ms,
      keyGenerator: (request) => normalizeIP(request.ip),
    });
    /** Null, or the seconds after which this address may try keys again. */
    app.decorate('refusedTooOften', async (request: FastifyRequest) => {
      const counted = await countRefusedKey(request);
      return !counted.isAllowed && counted.isExceeded ? counted.ttlInSeconds : null;
    });
  },
  { name: 'rate-limits' },
);

declare module 'fastify' {
  interface FastifyInstance {
    refusedTooOften(request: FastifyRequest): Promise<number | null>;
  }
}
