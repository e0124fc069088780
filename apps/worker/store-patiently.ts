import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from '@rollcall/db';
import { describeError, type Logger } from '@rollcall/telemetry';

/**
 * What will not go away by waiting: our own bugs (22 data, 23 constraints, 42 syntax and rights; anything that is no answer of
 * Postgres and no error of the wire). All else may: connections refused or lost, too many of them, a disk that is full, a
 * failover that is read-only, a statement that was cancelled.
 */
function isHopeless(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== null) return /^(?:22|23|42)/.test(state);
  if (!(error instanceof Error)) return true;
  const onTheWire = 'code' in error && typeof error.code === 'string';
  return !onTheWire && !/connection|timeout/i.test(error.message);
}

/**
 * Stores what cannot be had again (an answer that may have cost money): through any outage of Postgres it is tried until it is
 * stored, or until a stop has run out of time. `work` must be safe to run twice, since the reply to a COMMIT may be lost.
 */
export async function storePatiently<T>(
  log: Logger,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (isHopeless(error) || signal.aborted) throw error;
      if (tries === 0) log.warn('database.error', describeError(error));
      await delay(Math.min(200 * 2 ** tries, 5_000), undefined, { signal }).catch(() => undefined);
    }
  }
}
