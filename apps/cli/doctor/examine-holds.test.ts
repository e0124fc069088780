import { expect, test } from 'vitest';
import { moreHolds } from './examine-holds.ts';

test('what is beyond the holds that are told is a sum of all its money, paid or in doubt', () => {
  const totals = {
    chunks: 62,
    numbers: 31_000,
    money_at_risk: [
      { amount: '3.5', currency: 'EUR' },
      { amount: '12', currency: 'USD' },
    ],
    money_paid: [{ amount: '0.25', currency: 'USD' }],
  };
  expect(moreHolds(totals, 50).what).toBe(
    'and 12 more; in all 62 uploads, 31,000 numbers, in doubt: 3.5 EUR, 12 USD, paid: 0.25 USD',
  );
});
