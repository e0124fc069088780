/** Waiting times, in milliseconds. `random` is a number in [0, 1) that the caller drew. */

export interface Backoff {
  readonly floor_ms: number;
  readonly ceiling_ms: number;
}

const growth = 1.6;
const jitter = 0.1;

/** The wait before try number `tries + 1`: grows from the floor to the ceiling, ± 10 %, and never leaves the two. */
export function backoff_ms(tries: number, bounds: Backoff, random: number): number {
  const exponent = Math.min(Math.max(tries, 0), 64);
  return within(bounds, jittered(bounds.floor_ms * growth ** exponent, random, bounds.ceiling_ms));
}

export interface Progress {
  readonly total: number | null;
  readonly determined: number | null;
  readonly determinedBefore: number | null;
  readonly elapsed_ms: number;
}

/**
 * The wait before the next poll. While the provider's counter moves, it steers: half of the time that is left at the
 * rate so far, so that a few polls converge on the end. Otherwise the wait grows with the number of polls.
 */
export function pollWait_ms(
  polls: number,
  progress: Progress,
  bounds: Backoff,
  random: number,
): number {
  const share = shareDone(progress);
  if (share === null) return backoff_ms(polls, bounds, random);
  const left_ms = ((1 - share) * progress.elapsed_ms) / share;
  return within(
    bounds,
    jittered(Math.max(left_ms / 2, bounds.floor_ms), random, bounds.ceiling_ms),
  );
}

/** Which part of the task the provider's counter says is done; null unless it moved since the last poll, and makes sense. */
export function shareDone({
  total,
  determined,
  determinedBefore,
  elapsed_ms,
}: Progress): number | null {
  const moves =
    total !== null &&
    determined !== null &&
    determined > (determinedBefore ?? 0) &&
    determined <= total &&
    elapsed_ms > 0;
  return moves ? determined / total : null;
}

function jittered(wait_ms: number, random: number, ceiling_ms: number): number {
  return Math.round(Math.min(wait_ms, ceiling_ms) * (1 + jitter * (2 * random - 1)));
}

function within(bounds: Backoff, wait_ms: number): number {
  return Math.min(Math.max(wait_ms, bounds.floor_ms), bounds.ceiling_ms);
}
