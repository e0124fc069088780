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
 * Sizes that add up to `numbers`, each within the limits, or `too_few` when no legal upload exists. Where
 * `maxNumbers ≥ 2·minNumbers − 1`, as configuration requires, every count from the minimum up can be cut.
 */
export function chunkSizes(
  numbers: number,
  limits: ChunkLimits,
  withCanary: boolean,
): readonly number[] | 'too_few' {
  if (numbers < limits.minNumbers || limits.minNumbers > limits.maxNumbers) return 'too_few';
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
  // Only limits that a provider taught can be as narrow as this.
  if (base + (larger > 0 ? 1 : 0) > limits.maxNumbers) return 'too_few';
  const even = Array.from({ length: chunks }, (_, index) => (index < larger ? base + 1 : base));
  return canary === 0 ? even : [canary, ...even];
}

/** What a provider taught us of its limits by refusing a batch; null where it taught nothing of that bound. */
export interface LearnedLimits {
  readonly minNumbers: number | null;
  readonly maxNumbers: number | null;
}

/**
 * The configured limits, corrected by what the provider said: the server is right. A learned maximum lowers a configured
 * minimum until every count can be cut again. Learned bounds that exclude each other stay so: then no upload is legal.
 */
export function effectiveLimits(limits: ChunkLimits, learned: LearnedLimits | null): ChunkLimits {
  const maxNumbers = Math.max(1, Math.min(limits.maxNumbers, learned?.maxNumbers ?? Infinity));
  const minNumbers = Math.max(
    Math.min(limits.minNumbers, Math.floor((maxNumbers + 1) / 2)),
    learned?.minNumbers ?? 1,
  );
  return {
    minNumbers,
    maxNumbers,
    chunkSize: Math.min(Math.max(limits.chunkSize, minNumbers), maxNumbers),
  };
}

/**
 * The limit to plan with after a refusal for the batch's size. The server counts after dropping duplicates and invalid
 * numbers, so a minimum that it names gets a margin of a tenth. Where it names none, or one that the refused batch already
 * kept to, the size is doubled (too small) or halved (too large): a provider that refuses every size is soon done with.
 */
export function limitAfterRefusal(
  sent: number,
  limit: { readonly bound: 'min' | 'max'; readonly numbers: number | null } | null,
  configured: ChunkLimits,
): LearnedLimits {
  const bound = limit?.bound ?? (sent * 2 > configured.maxNumbers ? 'max' : 'min');
  const named = limit?.numbers ?? null;
  if (bound === 'min') {
    const withMargin = named === null ? 0 : Math.ceil(named * 1.1);
    return { minNumbers: withMargin > sent ? withMargin : sent * 2, maxNumbers: null };
  }
  // A single number is too many: no size is legal, which the two bounds say together.
  if (sent === 1) return { minNumbers: 2, maxNumbers: 1 };
  const fits = named !== null && named >= 1 && named < sent;
  return { minNumbers: null, maxNumbers: fits ? named : Math.floor(sent / 2) };
}
