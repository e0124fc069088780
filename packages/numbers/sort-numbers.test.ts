import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortNumbers } from './sort-numbers.ts';

function sorted(numbers: readonly number[]): number[] {
  const array = Float64Array.from(numbers);
  sortNumbers(array, new Float64Array(array.length));
  return Array.from(array);
}

test('numbers of every length of digits are sorted as the built-in sort sorts them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 999_999_999_999_999 }), { maxLength: 50 }),
      fc.integer({ min: 1, max: 15 }),
      (some, digits) => {
        // Long enough for the radix sort, with repetitions, of one or many magnitudes.
        const numbers = Array.from({ length: 5000 }, (_, at) =>
          Math.floor(((some[at % (some.length || 1)] ?? 7) * (at + 1)) % 10 ** digits),
        );
        expect(sorted(numbers)).toEqual(numbers.toSorted((left, right) => left - right));
      },
    ),
    { numRuns: 50 },
  );
});

test('the largest number and equal numbers keep their values', () => {
  const most = Array.from({ length: 5000 }, () => 999_999_999_999_999);
  expect(sorted([...most, 1, 999_999_999_999_998])).toEqual([1, 999_999_999_999_998, ...most]);
});
