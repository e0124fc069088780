import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The tenant that whatever runs now runs for: set once where a request is let in, and read by each statement of a database that is opened as
 * the API (database.ts). It follows calls, timers and promises; a stream that is read later has lost it, and says `ofTenant`.
 */
const scope = new AsyncLocalStorage<number>();

/** Runs `work`, and all that it begins, for one tenant. */
export function inTenant<T>(tenantId: number, work: () => T): T {
  return scope.run(tenantId, work);
}

export function tenantInScope(): number | null {
  return scope.getStore() ?? null;
}
