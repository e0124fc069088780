import { type Money, priceOf } from './money.ts';

/** Whether a retry of a closed job may be made, and what it may spend. */

export interface RetryFacts {
  /** Numbers whose latest answer is still one of those to ask again. */
  readonly numbers: number;
  /** Of them, those that an earlier upload was paid for, or may have been. */
  readonly mayBePaid: number;
  readonly minNumbers: number;
  readonly pricePerNumber: Money;
  /** What the caller allows, or null: no limit of its own. */
  readonly maxCost: Money | null;
  /** What the one who pays again allows, or null: nobody has given their word. */
  readonly costCeiling: Money | null;
  /** The key may give that word. */
  readonly mayApprove: boolean;
}

export type RetryDecision =
  | {
      readonly kind: 'retry';
      /** The smaller of both limits. */
      readonly maxCost: Money | null;
      readonly cost: Money;
      /** Kept with the retry, and needed for it. */
      readonly needsApproval: boolean;
    }
  | { readonly kind: 'nothing_to_retry' }
  | { readonly kind: 'too_few_numbers' }
  | { readonly kind: 'approval_required'; readonly cost: Money }
  | { readonly kind: 'scope_missing' }
  | { readonly kind: 'approval_too_low'; readonly cost: Money }
  | { readonly kind: 'max_cost_too_low'; readonly cost: Money; readonly maxCost: Money };

/**
 * Money first: what may have been paid for is asked again only with an approval that covers all of the retry. A retry that
 * its own limits would stop half-way is refused, as any job is.
 */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const { numbers, mayBePaid, maxCost, costCeiling } = facts;
  if (numbers === 0) return { kind: 'nothing_to_retry' };
  if (numbers < facts.minNumbers) return { kind: 'too_few_numbers' };
  const cost = priceOf(facts.pricePerNumber, numbers);
  const needsApproval = mayBePaid > 0;
  if (needsApproval && costCeiling === null) return { kind: 'approval_required', cost };
  if (needsApproval && !facts.mayApprove) return { kind: 'scope_missing' };
  if (costCeiling !== null && costCeiling < cost) return { kind: 'approval_too_low', cost };
  if (maxCost !== null && maxCost < cost) return { kind: 'max_cost_too_low', cost, maxCost };
  return { kind: 'retry', maxCost: smaller(maxCost, costCeiling), cost, needsApproval };
}

function smaller(left: Money | null, right: Money | null): Money | null {
  if (left === null || right === null) return left ?? right;
  return left < right ? left : right;
}
