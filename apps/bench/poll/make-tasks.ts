/** A task of the simulated provider. Times in milliseconds. */
export interface SimulatedTask {
  readonly numbers: number;
  readonly acceptedAt_ms: number;
  readonly duration_ms: number;
}

/** How a provider's durations come about, per number. */
export type Family = 'fixed' | 'log-normal' | 'slower' | 'faster';

const perNumber_ms = 20;
/** From 500 numbers to 500,000: ten seconds to nearly three hours at the first pace. */
const [fewest, most] = [500, 500_000];
const apart_ms = 60_000;
const sigma = 0.25;
const factors: Readonly<Record<Family, number>> = {
  fixed: 1,
  'log-normal': 1,
  slower: 5,
  faster: 1 / 5,
};

/**
 * So many tasks of sizes drawn evenly by their logarithm, one a minute, so that some twenty are at work at a time. The pace of `slower` and `faster` changes as the middle one is
 * accepted, for what is left of the tasks that are at work then too. The same ones each time for a seed.
 */
export function makeTasks(family: Family, count: number, seed: number): readonly SimulatedTask[] {
  const random = randomFrom(seed);
  const changesAt_ms = Math.floor(count / 2) * apart_ms;
  return Array.from({ length: count }, (_, index) => {
    const numbers = Math.round(fewest * (most / fewest) ** random());
    const odd = family === 'log-normal' ? Math.exp(sigma * normalFrom(random)) : 1;
    const acceptedAt_ms = index * apart_ms;
    const atFirst_ms = numbers * perNumber_ms * odd;
    const before_ms = Math.min(Math.max(changesAt_ms - acceptedAt_ms, 0), atFirst_ms);
    return {
      numbers,
      acceptedAt_ms,
      duration_ms: before_ms + (atFirst_ms - before_ms) * factors[family],
    };
  });
}

/** Box–Muller. */
function normalFrom(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
