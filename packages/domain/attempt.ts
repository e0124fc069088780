import type { Money } from './money.ts';

/**
 * An attempt is one try at uploading a chunk: the unit of money. While its outcome is one of `mayHaveCost`, the index
 * `one_attempt_that_may_cost` refuses another attempt of the same chunk.
 */
export const attemptOutcomes = [
  'intent',
  'accepted',
  'refused_free',
  'not_sent',
  'unknown',
  'not_charged',
  'written_off',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export const mayHaveCost: readonly AttemptOutcome[] = ['intent', 'accepted', 'unknown'];

export interface AttemptEdge {
  readonly from: AttemptOutcome;
  readonly to: AttemptOutcome;
  readonly needsApproval: boolean;
}

/** The trigger `guard_attempts` allows these and nothing else. */
export const attemptEdges: readonly AttemptEdge[] = [
  { from: 'intent', to: 'accepted', needsApproval: false },
  { from: 'intent', to: 'refused_free', needsApproval: false },
  { from: 'intent', to: 'not_sent', needsApproval: false },
  { from: 'intent', to: 'unknown', needsApproval: false },
  { from: 'unknown', to: 'accepted', needsApproval: false },
  { from: 'unknown', to: 'not_charged', needsApproval: true },
  { from: 'unknown', to: 'written_off', needsApproval: true },
  { from: 'accepted', to: 'not_charged', needsApproval: true },
  { from: 'accepted', to: 'written_off', needsApproval: true },
];

/** Entries of the ledger. An attempt's money is in one place at a time: reserved, committed, released, at risk, written off. */
export type LedgerEntry =
  | 'reserve'
  | 'commit'
  | 'release'
  | 'at_risk'
  | 'write_off'
  | 'provider_estimated'
  | 'provider_actual';

/**
 * What an outcome books. `unknown` books nothing: its reservation stands until a person decides, so that ceilings
 * count it as spent.
 */
export function entryOf(outcome: AttemptOutcome): LedgerEntry | null {
  switch (outcome) {
    case 'intent':
      return 'reserve';
    case 'accepted':
      return 'commit';
    case 'refused_free':
    case 'not_sent':
    case 'not_charged':
      return 'release';
    case 'written_off':
      return 'write_off';
    case 'unknown':
      return null;
  }
}

/** Whether a further amount fits under a ceiling; no ceiling always fits. */
export function fitsUnder(ceiling: Money | null, spent: Money, further: Money): boolean {
  return ceiling === null || spent + further <= ceiling;
}
