import type { NextStep } from '../stuck.ts';

/** Something that stands still, or will. */
export interface Finding extends NextStep {
  /** Stable. */
  readonly kind:
    | 'not_ready'
    | 'account_stopped'
    | 'account_waits'
    | 'held'
    | 'blocked'
    | 'paused'
    | 'not_moving'
    | 'overdue';
  readonly what: string;
  readonly since: string | null;
  readonly money: {
    /** What the amount is: `in doubt`, `top up at least`. */
    readonly meaning: string;
    readonly amount: string;
    readonly currency: string;
  } | null;
  /** What the API says of its account. */
  readonly advice?: string | null;
  /** What a person types to get on with it; null where it is not done with this program. */
  readonly command: string | null;
}
