import { formatMoney, parseMoney, priceOf } from '@rollcall/domain';
import type { Intake } from '@rollcall/numbers';
import { type Refusal, refuse } from '../refusal.ts';
import type { ChosenAccount } from './choose-account.ts';

/**
 * A job that may not spend what all of its numbers cost would stop half-way, after money was spent on the first half.
 * `maxCost` is a decimal as text, in the account's currency; absent: no limit of its own.
 */
export function refuseTooDear(
  { accepted }: Pick<Intake, 'accepted'>,
  { account, offer }: ChosenAccount,
  maxCost: string | undefined,
): Refusal | null {
  const limit = maxCost === undefined ? null : parseMoney(maxCost);
  if (limit === null) return null;
  const price = priceOf(offer.pricePerNumber, accepted);
  if (price <= limit) return null;
  const { currency } = account;
  const [cost, max_cost] = [formatMoney(price), formatMoney(limit)];
  return refuse('max_cost_too_low', {
    detail:
      `${accepted} numbers at ${formatMoney(offer.pricePerNumber)} ${currency} each cost ${cost} ${currency}, and max_cost is ` +
      `${max_cost} ${currency}. Raise \`max_cost\` or send fewer numbers. Nothing was stored.`,
    money: { currency, cost, max_cost },
  });
}
