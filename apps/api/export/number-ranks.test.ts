import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberRanks } from './number-ranks.ts';

function ranksOf(numbers: readonly number[]): NumberRanks {
  const ranks = new NumberRanks();
  for (const number of numbers) ranks.add(number);
  return ranks;
}

const anyNumber = fc.integer({ min: 1_000_000, max: 999_999_999_999_999 });
const nearNumber = fc.integer({ min: 447_911_123_000, max: 447_911_124_000 });

test('every number is found at its rank, and no other number is found', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(anyNumber, nearNumber), { maxLength: 400 }),
      fc.array(fc.oneof(anyNumber, nearNumber), { maxLength: 50 }),
      (numbers, others) => {
        const sorted = numbers.sort((a, b) => a - b);
        const ranks = ranksOf(sorted);
        const found = sorted.map((number) => ranks.rankOf(number));
        expect(found).toEqual(sorted.map((_, rank) => rank));
        for (const other of others) expect(ranks.rankOf(other)).toBe(sorted.indexOf(other));
      },
    ),
  );
});

test('a million numbers are found in less memory than they fill', () => {
  const ranks = new NumberRanks();
  for (let at = 0; at < 1_000_000; at += 1) ranks.add(447_000_000_000 + at * 97);
  for (let at = 0; at < 1_000_000; at += 997) {
    expect(ranks.rankOf(447_000_000_000 + at * 97)).toBe(at);
    expect(ranks.rankOf(447_000_000_001 + at * 97)).toBe(-1);
  }
  expect(ranks.bytes).toBeLessThan(3_000_000);
});

test('numbers out of order are refused', () => {
  expect(() => ranksOf([2_000_000, 2_000_000])).toThrow('out of order');
});
