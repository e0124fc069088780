import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from '@rollcall/db';
import { describeError, type Logger } from '@rollcall/telemetry';

/** Postgres restarting or a lost connection: SQLSTATE classes 08 and 57P0x, or no SQLSTATE at all (a socket error). */
function isOutage(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === null
    ? !(error instanceof TypeError)
    : state.startsWith('08') || state.startsWith('57P');
}

/**
 * Stores what cannot be had again (an answer that may have cost money): through an outage of Postgres it is tried until it is
 * stored, or until the process is told to stop. `work` must be safe to run twice, since the reply to a COMMIT may be lost.
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
      if (!isOutage(error) || signal.aborted) throw error;
      if (tries === 0) log.warn('database.error', describeError(error));
      await delay(Math.min(200 * 2 ** tries, 5_000), undefined, { signal }).catch(() => undefined);
    }
  }
}
