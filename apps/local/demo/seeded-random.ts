export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** True once in `times` on average. */
  once(times: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** Numbers that look random and are the same in every run: a Weyl sequence through MurmurHash3's 32-bit finalizer. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let hash = state;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  return {
    below: (below) => next() % below,
    once: (times) => next() % times === 0,
    pick(from) {
      if (from.length === 0) throw new RangeError('nothing to pick from');
      return from[next() % from.length] as (typeof from)[number];
    },
  };
}
