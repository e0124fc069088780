import { formatMoney, type RetryDecision } from '@rollcall/domain';
import type { ChosenAccount } from '../intake/choose-account.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** What a retry would have asked, and of whom. */
export interface Asked {
  readonly numbers: number;
  readonly mayBePaid: number;
  readonly minNumbers: number;
  readonly chosen: ChosenAccount;
}

/** A decision against a retry as the API says it: with the figures that a person needs to decide otherwise. */
export function refusalOf(
  decision: Exclude<RetryDecision, { kind: 'retry' }>,
  { numbers, mayBePaid, minNumbers, chosen }: Asked,
): Refusal {
  const { id, currency } = chosen.account;
  const asking = `Asking ${numbers} ${numbers === 1 ? 'number' : 'numbers'} again`;
  switch (decision.kind) {
    case 'nothing_to_retry':
      return refuse('nothing_to_retry');
    case 'too_few_numbers':
      return refuse('too_few_numbers', {
        detail: `The account ${id} takes at least ${minNumbers} numbers for this check, and ${numbers} are left to retry. Nothing was stored.`,
      });
    case 'scope_missing':
      return refuse('scope_missing', {
        detail: `${mayBePaid} of the ${numbers} numbers may have been paid for: paying again needs the scope approvals:write.`,
      });
    case 'approval_required':
    case 'approval_too_low': {
      const cost = formatMoney(decision.cost);
      const figures = `${asking} costs ${cost} ${currency}, and ${mayBePaid} of them ${mayBePaid === 1 ? 'was' : 'were'} paid for before, or may have been.`;
      const advice =
        decision.kind === 'approval_required'
          ? `Send \`approval\` with \`why\` and a \`cost_ceiling\` of at least ${cost}, with a key that has the scope approvals:write.`
          : `Raise \`cost_ceiling\` to at least ${cost}, or retry fewer numbers.`;
      return refuse(decision.kind, {
        detail: `${figures} ${advice}`,
        retry: { numbers, may_be_paid: mayBePaid, cost, currency },
      });
    }
    case 'max_cost_too_low': {
      const [cost, max_cost] = [formatMoney(decision.cost), formatMoney(decision.maxCost)];
      return refuse('max_cost_too_low', {
        detail: `${asking} costs ${cost} ${currency}, and max_cost is ${max_cost} ${currency}. Nothing was stored.`,
        money: { currency, cost, max_cost },
      });
    }
  }
}
