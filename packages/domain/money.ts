/**
 * Amounts of money, in billionths of an account's currency unit, as a bigint: prices per number are as small as
 * 0.0004, and a ledger does not round. Postgres holds the same as numeric(20,9).
 */
export type Money = bigint & { readonly __money: 'billionths' };

const decimalShape = /^(-?)(\d{1,11})(?:\.(\d{1,9}))?$/;

export const noMoney = 0n as Money;

/** Parses a decimal such as `0.0025`; `null` when it is not one, or has more than 9 decimals. */
export function parseMoney(text: string): Money | null {
  const match = decimalShape.exec(text.trim());
  if (!match) return null;
  const [, sign, whole, fraction = ''] = match;
  const billionths = BigInt(whole ?? '0') * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return (sign === '-' ? -billionths : billionths) as Money;
}

/** Writes an amount as the shortest decimal, e.g. `2.5`. */
export function formatMoney(money: Money): string {
  const sign = money < 0n ? '-' : '';
  const absolute = money < 0n ? -money : money;
  const whole = absolute / 1_000_000_000n;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

export function addMoney(left: Money, right: Money): Money {
  return (left + right) as Money;
}

/** The price of a number of items. */
export function priceOf(pricePerNumber: Money, numbers: number): Money {
  return (pricePerNumber * BigInt(numbers)) as Money;
}
