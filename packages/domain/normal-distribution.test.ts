import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalBetween, truncated } from './normal-distribution.ts';

test.each([
  [Number.NEGATIVE_INFINITY, 0, 0.5],
  [-1, 1, 0.682_689_492],
  [-1.959_963_985, 1.959_963_985, 0.95],
  [3, Number.POSITIVE_INFINITY, 1.349_898e-3],
  [6, Number.POSITIVE_INFINITY, 9.865_876e-10],
  [Number.NEGATIVE_INFINITY, -6, 9.865_876e-10],
  [6, 7, 9.853_078e-10],
  [1, 1, 0],
  [2, 1, 0],
])('between %f and %f lies %f', (from, until, share) => {
  expect(normalBetween(from, until)).toBeCloseTo(share, 6);
  if (share > 0) expect(normalBetween(from, until) / share).toBeCloseTo(1, 5);
});

test('what is left between two values has its mean there, and no more variance than before', () => {
  const value = fc.double({ min: -5, max: 5, noNaN: true });
  fc.assert(
    fc.property(
      value,
      fc.double({ min: 1e-4, max: 4, noNaN: true }),
      value,
      fc.double({ min: 1e-3, max: 5, noNaN: true }),
      (mean, variance, from, width) => {
        const until = from + width;
        const left = truncated({ mean, variance }, from, until);
        if (left === null) return;
        expect(left.mean).toBeGreaterThanOrEqual(from);
        expect(left.mean).toBeLessThanOrEqual(until);
        expect(left.variance).toBeGreaterThanOrEqual(0);
        expect(left.variance).toBeLessThanOrEqual(variance * 1.001 + 1e-9);
      },
    ),
  );
});

test('of all that it is nothing is cut off, and above its middle the half normal is left', () => {
  const normal = { mean: 3, variance: 4 };
  const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
  expect(truncated(normal, NEGATIVE_INFINITY, POSITIVE_INFINITY)).toEqual({ ...normal, weight: 1 });
  const half = truncated(normal, 3, POSITIVE_INFINITY);
  expect(half?.weight).toBeCloseTo(0.5, 6);
  expect(half?.mean).toBeCloseTo(3 + 2 * Math.sqrt(2 / Math.PI), 5);
  expect(half?.variance).toBeCloseTo(4 * (1 - 2 / Math.PI), 5);
  expect(truncated(normal, 40, 41)).toBeNull();
});
