import type { ApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import type { ErrorCode } from './errors.ts';
import type { Refusal } from './refusal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null on routes that ask for no key. */
    apiKey: ApiKey | null;
    /** How a request that takes long ends when its key does; null: its connection is cut. */
    whenKeyEnds: (() => void) | null;
    /** The place of this request in a trace, where one is kept: W3C `traceparent`. */
    traceparent: string | null;
    /** Why its body was not waited for, where it was not. */
    endedAs: Refusal | null;
    /** The code that the request was refused with, for the log. */
    refusedAs: ErrorCode | null;
  }
  interface FastifyContextConfig {
    /** Takes bodies of any size and length, as they come. */
    isUpload?: boolean;
    /** What a key must be allowed to do; every route under `/v1` says it. `any`: whatever it may. */
    scope?: Scope | 'any';
    /** What of people's data a page of it shows, for the audit trail; absent: none. */
    reads?: 'results' | 'rejects' | 'replayed_rows' | 'audit';
  }
}

/** The key of a request on a route that asks for one. */
export function keyOf(request: { readonly apiKey: ApiKey | null }): ApiKey {
  if (!request.apiKey) throw new Error('a route that needs a key was reached without one');
  return request.apiKey;
}
