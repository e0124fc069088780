import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addMoney, formatMoney, type Money, noMoney, parseMoney, priceOf } from './money.ts';

/** All that fits numeric(20,9). */
const amounts = fc
  .bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n })
  .map((billionths) => billionths as Money);

test('an amount that was written is read as the same amount', () => {
  fc.assert(fc.property(amounts, (amount) => parseMoney(formatMoney(amount)) === amount));
});

test.each([
  ['0.0004', 400_000n],
  ['2.5', 2_500_000_000n],
  ['-0.5', -500_000_000n],
  ['  7 ', 7_000_000_000n],
  ['0.000000001', 1n],
  ['12.340000000', 12_340_000_000n],
  ['0', 0n],
])('%s is read exactly', (text, billionths) => {
  expect(parseMoney(text)).toBe(billionths);
});

test.each([
  '',
  '.5',
  '5.',
  '1e3',
  '1,5',
  '0x10',
  'NaN',
  '--1',
  '1.0000000001',
  '123456789012',
  '$1',
])('%j is not an amount, and does not become one by guessing', (text) => {
  expect(parseMoney(text)).toBeNull();
});

test.each([
  [2_500_000_000n, '2.5'],
  [-500_000_000n, '-0.5'],
  [1n, '0.000000001'],
  [10_000_000_000n, '10'],
  [0n, '0'],
])('%s billionths are written in their shortest form', (billionths, text) => {
  expect(formatMoney(billionths as Money)).toBe(text);
});

test('ten million numbers at the smallest price cost exactly that, without rounding', () => {
  expect(formatMoney(priceOf(1n as Money, 10_000_000))).toBe('0.01');
  expect(addMoney(noMoney, priceOf(400_000n as Money, 25_000))).toBe(10_000_000_000n);
});
