import { once } from 'node:events';
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

/** What a try still gets when the stop runs out of time: its COMMIT may be on the wire. Less than the grace that the consumer gives its handlers. */
const lastChance_ms = 500;

/** Postgres had not answered when the stop ran out of time: whether it has stored what it was given is not known. */
class OutOfTime extends Error {
  readonly code = 'stop_out_of_time';
}

/** A statement on a line that went dead without a word never ends by itself: nobody would say then what only this process knows. */
async function untilOutOfTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const answered = new AbortController();
  const outOfTime = (async () => {
    if (!signal.aborted) await once(signal, 'abort', { signal: answered.signal });
    await delay(lastChance_ms, undefined, { signal: answered.signal });
    throw new OutOfTime('Postgres had not answered when the stop ran out of time');
  })();
  try {
    return await Promise.race([work, outOfTime]);
  } finally {
    answered.abort();
  }
}

/**
 * Stores what cannot be had again (an answer that may have cost money): through any outage of Postgres it is tried until it is
 * stored, or until a stop has run out of time, also where Postgres says nothing any more. `work` must be safe to run twice, since the reply to a COMMIT may be lost.
 */
export async function storePatiently<T>(
  log: Logger,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await untilOutOfTime(work(), signal);
    } catch (error) {
      if (isHopeless(error) || signal.aborted) throw error;
      if (tries === 0) log.warn('database.error', describeError(error));
      await delay(Math.min(200 * 2 ** tries, 5_000), undefined, { signal }).catch(() => undefined);
    }
  }
}
