/**
 * What a number of a job ends with. `missing` means that the provider's table had no row for the number; it is never
 * reported as `not_registered`. Contradictory rows and unknown verdict words are `undetermined`.
 */
export const outcomes = [
  'registered',
  'not_registered',
  'banned',
  'undetermined',
  'missing',
  'failed',
  'cancelled',
  'suppressed',
  'erased',
] as const;
export type Outcome = (typeof outcomes)[number];

/** What one row of a result file says of a number. */
export const verdicts = ['registered', 'not_registered', 'banned', 'undetermined'] as const;
export type Verdict = Extract<Outcome, (typeof verdicts)[number]>;

/** What the bytes of a result mean; an account's setting, because no provider documents it. */
export const resultSemantics = ['table', 'positives_only', 'negatives_only'] as const;
export type ResultSemantics = (typeof resultSemantics)[number];

/** Counts by outcome; absent means 0. */
export type OutcomeCounts = Partial<Record<Outcome, number>>;
