/**
 * Cuts a job into chunks: a small first one that goes alone (the canary), the rest evenly. Minimum sizes are the
 * provider's and numbers are never padded, so every chunk has at least `minNumbers`.
 */

export interface ChunkLimits {
  readonly minNumbers: number;
  readonly maxNumbers: number;
  /** Aim; exceeded only where an even split would fall below the minimum. */
  readonly chunkSize: number;
}

/** Below this a canary would delay the job by a whole round at the provider to protect next to nothing. */
const canaryWorthwhile_numbers = 1_000;

/**
 * Sizes that add up to `numbers`, or `too_few` when no legal upload exists. Because configuration requires
 * `maxNumbers ≥ 2·minNumbers − 1`, every count from the minimum up can be cut.
 */
export function chunkSizes(
  numbers: number,
  limits: ChunkLimits,
  withCanary: boolean,
): readonly number[] | 'too_few' {
  if (numbers < limits.minNumbers) return 'too_few';
  const canary =
    withCanary && numbers > canaryWorthwhile_numbers && numbers >= 2 * limits.minNumbers
      ? limits.minNumbers
      : 0;
  const rest = numbers - canary;
  const size = Math.min(Math.max(limits.chunkSize, limits.minNumbers), limits.maxNumbers);
  const chunks = Math.max(
    1,
    Math.min(Math.ceil(rest / size), Math.floor(rest / limits.minNumbers)),
  );
  const base = Math.floor(rest / chunks);
  const larger = rest - base * chunks;
  const even = Array.from({ length: chunks }, (_, index) => (index < larger ? base + 1 : base));
  return canary === 0 ? even : [canary, ...even];
}

/** What a provider taught us of its limits by refusing a batch; null where it taught nothing of that bound. */
export interface LearnedLimits {
  readonly minNumbers: number | null;
  readonly maxNumbers: number | null;
}

/** The configured limits, corrected by what the provider said: the server is right. */
export function effectiveLimits(limits: ChunkLimits, learned: LearnedLimits | null): ChunkLimits {
  const maxNumbers = Math.max(
    1,
    Math.min(limits.maxNumbers, learned?.maxNumbers ?? limits.maxNumbers),
  );
  const minNumbers = Math.min(
    maxNumbers,
    Math.max(limits.minNumbers, learned?.minNumbers ?? limits.minNumbers),
  );
  return {
    minNumbers,
    maxNumbers,
    chunkSize: Math.min(Math.max(limits.chunkSize, minNumbers), maxNumbers),
  };
}

/**
 * The limit to plan with after a refusal for the batch's size. The server counts after dropping duplicates and invalid
 * numbers, so a minimum that it names gets a margin of a tenth; where it names none, the size that was refused is
 * doubled (too small) or halved (too large).
 */
export function limitAfterRefusal(
  sent: number,
  limit: { readonly bound: 'min' | 'max'; readonly numbers: number | null } | null,
  configured: ChunkLimits,
): LearnedLimits {
  const bound = limit?.bound ?? (sent * 2 > configured.maxNumbers ? 'max' : 'min');
  if (bound === 'min') {
    const named = limit?.numbers ?? null;
    const fromName = named === null ? 0 : Math.ceil(named * 1.1);
    return {
      minNumbers: Math.max(fromName, named === null ? sent * 2 : sent + 1),
      maxNumbers: null,
    };
  }
  const named = limit?.numbers ?? Math.floor(sent / 2);
  return { minNumbers: null, maxNumbers: Math.max(1, Math.min(named, sent - 1)) };
}
