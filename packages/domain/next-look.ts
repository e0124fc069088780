import { normalBetween } from './normal-distribution.ts';
import type { BeliefPart } from './task-pace.ts';

/**
 * When to look at a task again: the times at which looks are planned cost the least, where a look costs as much as noticing the end late by `lookPrice` of
 * the task's duration. All times are milliseconds from the task's acceptance.
 */
export interface LookFacts {
  /** Of the logarithm of the duration in milliseconds. */
  readonly belief: readonly BeliefPart[];
  /** The last moment at which it was seen not to have ended; 0 where nobody has looked. */
  readonly seen_ms: number;
  /** No look before this moment, and one at `latest_ms` at last. */
  readonly earliest_ms: number;
  readonly latest_ms: number;
  /** Shortest time between two looks. */
  readonly floor_ms: number;
}

/** Half a per cent of a duration for a call: `pnpm bench --only poll` then finds 4 % of lag at 8 calls in the widest family of durations. */
export const lookPrice = 0.005;

/** Where looks may be, by standard deviations from each part's mean: the narrow ones finely, so that the widest has few points between them. */
const steps = Array.from({ length: 33 }, (_, index) => (index - 16) / 4);

/**
 * The next look of the cheapest plan, by dynamic programming from the last possible look backwards: about 100 points and 5,000 pairs of them, a tenth of
 * a millisecond. Between `earliest_ms` and `latest_ms`, whatever is believed.
 */
export function nextLook_ms(facts: LookFacts): number {
  const { seen_ms, earliest_ms, latest_ms } = facts;
  if (!(earliest_ms < latest_ms)) return latest_ms;
  const times = lookTimes(facts);
  // Chance that the task ends up to each time, and the same weighted by one over the duration: lag is counted as a share of it.
  const ended = new Float64Array(times.length);
  const weighted = new Float64Array(times.length);
  let [endedSum, weightedSum, before_ms] = [0, 0, seen_ms];
  for (const [index, time_ms] of times.entries()) {
    const share = endsBetween(facts.belief, before_ms, time_ms);
    endedSum += share;
    weightedSum += share / middle(before_ms, time_ms);
    ended[index] = endedSum;
    weighted[index] = weightedSum;
    before_ms = time_ms;
  }
  const left = endsBetween(facts.belief, before_ms, Number.POSITIVE_INFINITY);
  const alive = endedSum + left;
  // Longer than anything that is believed possible: seldomer and seldomer.
  if (!(alive > 1e-12)) return Math.min(Math.max(seen_ms * 1.15, earliest_ms), latest_ms);
  return cheapest(times, ended, weighted, alive, facts);
}

function cheapest(
  times: readonly number[],
  ended: Float64Array,
  weighted: Float64Array,
  alive: number,
  { floor_ms, latest_ms }: LookFacts,
): number {
  /** What the rest of the plan costs after a look at this time has found the task unfinished. */
  const rest = new Float64Array(times.length);
  const costFrom = (from: number, until: number): number => {
    const time_ms = times[until] ?? 0;
    const asked = from < 0 ? alive : alive - (ended[from] ?? 0);
    const late =
      time_ms * ((weighted[until] ?? 0) - (from < 0 ? 0 : (weighted[from] ?? 0))) -
      ((ended[until] ?? 0) - (from < 0 ? 0 : (ended[from] ?? 0)));
    return lookPrice * asked + Math.max(late, 0) + (rest[until] ?? 0);
  };
  for (let from = times.length - 2; from >= 0; from -= 1) {
    let least = Number.POSITIVE_INFINITY;
    for (let until = from + 1; until < times.length; until += 1) {
      const isTooSoon = (times[until] ?? 0) < (times[from] ?? 0) + floor_ms;
      if (isTooSoon && until < times.length - 1) continue;
      least = Math.min(least, costFrom(from, until));
    }
    rest[from] = least;
  }
  let best = { cost: Number.POSITIVE_INFINITY, time_ms: latest_ms };
  for (const [index, time_ms] of times.entries()) {
    if (time_ms > latest_ms) break;
    const cost = costFrom(-1, index);
    if (cost < best.cost) best = { cost, time_ms };
  }
  return best.time_ms;
}

/** Ascending, from `earliest_ms` on. */
function lookTimes({ belief, earliest_ms, latest_ms }: LookFacts): readonly number[] {
  const times = new Set([earliest_ms, latest_ms]);
  for (const { mean, variance } of belief) {
    const sigma = Math.sqrt(variance);
    for (const step of steps) {
      const time_ms = Math.exp(mean + step * sigma);
      if (time_ms > earliest_ms && Number.isFinite(time_ms)) times.add(time_ms);
    }
  }
  return [...times].toSorted((a, b) => a - b);
}

function endsBetween(belief: readonly BeliefPart[], from_ms: number, until_ms: number): number {
  const from = from_ms > 0 ? Math.log(from_ms) : Number.NEGATIVE_INFINITY;
  const until = Math.log(until_ms);
  return belief.reduce((sum, { mean, variance, weight }) => {
    const sigma = Math.sqrt(variance);
    return sum + weight * normalBetween((from - mean) / sigma, (until - mean) / sigma);
  }, 0);
}

/** A duration between two moments that stands for all of them. */
function middle(from_ms: number, until_ms: number): number {
  return from_ms > 0 ? Math.sqrt(from_ms * until_ms) : until_ms / 2;
}
