import { expect, test } from 'vitest';
import {
  againstFloor,
  atMost,
  type Measurement,
  median,
  middleRun,
  rounded,
} from './measurement.ts';

const measured = (ratio: number): Measurement => ({
  name: 'intake',
  numbers: 1_000,
  seconds: ratio * 2.000_1,
  floor_seconds: 2.000_1,
  ratio,
  rate_per_s: null,
  peak_rss_mb: {},
  ...atMost(ratio, 2.5),
});

test('a median is the middle one, of an even number between the two in the middle', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

test('a bar is met up to itself', () => {
  expect(measured(2.5)).toMatchObject({ bar: '≤ 2.5 × the floor', ok: true });
  expect(measured(2.51)).toMatchObject({ ok: false });
});

test('of several runs the one in the middle is told, with the spread of all', () => {
  expect(middleRun([[measured(3)], [measured(1)], [measured(2)]])).toEqual([
    { measurement: measured(2), spread: '1.00 to 3.00 in 3 runs' },
  ]);
  expect(middleRun([[measured(1)]])).toEqual([{ measurement: measured(1), spread: '' }]);
});

test('figures are told to three digits', () => {
  expect(rounded(measured(1.234_5))).toMatchObject({
    ratio: 1.23,
    floor_seconds: 2,
    rate_per_s: null,
  });
});

test.each([
  [2, true],
  [1, false],
])('what took 3 s against a floor of %d s', (floor_seconds, ok) => {
  const taken = { name: 'intake', numbers: 600, seconds: 3, floor_seconds, peak_rss_mb: {} };
  expect(againstFloor(taken, 1.5)).toEqual({
    ...taken,
    ratio: 3 / floor_seconds,
    rate_per_s: 200,
    bar: '≤ 1.5 × the floor',
    ok,
  });
});
