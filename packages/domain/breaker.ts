import type { AttemptOutcome } from './attempt.ts';
import type { AttemptId } from './ids.ts';
import type { UnknownReason } from './provider-answer.ts';

/**
 * What stops an account whose uploads end in doubt, since each of them may have been paid for and is lost time for a person.
 * It is kept in Postgres, so that all processes share it and a restart forgets nothing; polls are no part of it.
 *
 * closed ──an unknown upload──▶ limited ──for ten minutes none has ended unknown──▶ closed
 * closed, limited ──three unknown, or one unreadable 200, within ten minutes──▶ open
 * open ──its time is over──▶ half_open ──one upload, the canary: accepted──▶ closed
 *                                      ──the canary unknown──▶ open, for twice as long
 *                                      ──the canary refused for free, or not sent──▶ half_open, for the next canary
 * any ──a person resets it──▶ closed
 *
 * An upload stays unknown here whatever a person decides of it; only that it was accepted after all, or its task found, takes it out,
 * and neither does where it is being paid for again.
 */
export type Breaker =
  | { readonly state: 'closed' }
  /** One upload in flight at a time. */
  | { readonly state: 'limited'; readonly since_ms: number; readonly until_ms: number }
  /** Nothing is sent. */
  | {
      readonly state: 'open';
      readonly since_ms: number;
      readonly until_ms: number;
      readonly why: BreakerCause;
      /** Openings in a row, this one included. */
      readonly openings: number;
    }
  /** One upload is sent, over all processes, and what becomes of it decides. */
  | {
      readonly state: 'half_open';
      readonly since_ms: number;
      readonly why: BreakerCause;
      readonly openings: number;
      /** The upload that is on the wire; null: the next chunk may be it. */
      readonly canary: AttemptId | null;
    };

export type BreakerState = Breaker['state'];

export type BreakerCause =
  /** `breakerStopsAt` uploads of unknown outcome within the window. */
  | 'unknown_uploads'
  /** A 2xx that does not say what became of the upload: each further one would be paid and lost as well. */
  | 'unreadable_answer'
  /** The canary of a half-open breaker ended unknown. */
  | 'canary_unknown';

/** Unknown outcomes within ten minutes that stop an account; from the first on it sends one upload at a time. */
export const breakerStopsAt = 3;
export const breakerWindow_ms = 600_000;
/** However often the canary fails, somebody is asked again after so long. */
const openMax_ms = 7_200_000;

/** A 2xx with a whole body that is not what the contract says: cut JSON, HTML, nothing, no id, `success: false`. */
export const unreadableReasons: readonly UnknownReason[] = [
  'unreadable_answer',
  'not_success',
  'no_task_id',
];

export interface BreakerFacts {
  readonly now_ms: number;
  /** Uploads that ended unknown within the window and since the last reset, and were not seen to be accepted since. */
  readonly unknowns: number;
  /** Of them, those whose reason is one of `unreadableReasons`. */
  readonly unreadable: number;
  /** When the last of them ended; 0 where there is none. */
  readonly lastUnknown_ms: number;
  /** What became of the stored canary; null where the stored state has none. */
  readonly canary: { readonly outcome: AttemptOutcome; readonly settledAt_ms: number } | null;
}

/**
 * The breaker as it is now, from what was stored and what has happened since. Nothing needs to tell it: whoever looks comes to the
 * same answer, so that an outcome written by a sweep, a late worker or an older version counts as well.
 */
export function breakerNow(stored: Breaker, facts: BreakerFacts): Breaker {
  switch (stored.state) {
    case 'open': {
      if (facts.now_ms < stored.until_ms) return stored;
      const { until_ms, why, openings } = stored;
      return { state: 'half_open', since_ms: until_ms, why, openings, canary: null };
    }
    case 'half_open':
      return afterCanary(stored, facts);
    case 'closed':
    case 'limited':
      return afterUnknowns(stored, facts);
  }
}

function afterCanary(
  stored: Extract<Breaker, { state: 'half_open' }>,
  { now_ms, canary }: BreakerFacts,
): Breaker {
  switch (canary?.outcome) {
    case undefined:
    case 'intent':
      return stored;
    case 'accepted':
      return { state: 'closed' };
    case 'refused_free':
    case 'not_sent':
      return { ...stored, canary: null };
    case 'unknown':
    case 'not_charged':
    case 'written_off': {
      const openings = stored.openings + 1;
      const since_ms = canary?.settledAt_ms ?? now_ms;
      const until_ms = since_ms + openFor_ms(openings);
      // Its time may be over before anybody has looked.
      return breakerNow(
        { state: 'open', since_ms, until_ms, why: 'canary_unknown', openings },
        { now_ms, unknowns: 0, unreadable: 0, lastUnknown_ms: 0, canary: null },
      );
    }
  }
}

function afterUnknowns(
  stored: Extract<Breaker, { state: 'closed' | 'limited' }>,
  { unknowns, unreadable, lastUnknown_ms }: BreakerFacts,
): Breaker {
  const until_ms = lastUnknown_ms + breakerWindow_ms;
  if (unreadable > 0 || unknowns >= breakerStopsAt) {
    const why = unreadable > 0 ? 'unreadable_answer' : 'unknown_uploads';
    return { state: 'open', since_ms: lastUnknown_ms, until_ms, why, openings: 1 };
  }
  if (unknowns === 0) return { state: 'closed' };
  const since_ms = stored.state === 'limited' ? stored.since_ms : lastUnknown_ms;
  return { state: 'limited', since_ms, until_ms };
}

/** Ten minutes at the first opening, twice as long at each further one, and never more than two hours. */
function openFor_ms(openings: number): number {
  return Math.min(openMax_ms, breakerWindow_ms * 2 ** Math.min(openings - 1, 10));
}

/** How many uploads may be on the wire at once. */
export function uploadsAllowed(breaker: Breaker, uploadsInFlight: number): number {
  switch (breaker.state) {
    case 'closed':
      return uploadsInFlight;
    case 'limited':
    case 'half_open':
      return 1;
    case 'open':
      return 0;
  }
}
