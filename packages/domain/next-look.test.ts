import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LookFacts, nextLook_ms } from './next-look.ts';
import { firstWait_ms, pacedWait_ms } from './paced-wait.ts';
import { learnPace, type TaskPace } from './task-pace.ts';

const minute = 60_000;
const around = (duration_ms: number, sigma: number) => [
  { mean: Math.log(duration_ms), variance: sigma ** 2, weight: 1 },
];
const facts: LookFacts = {
  belief: around(10 * minute, 0.004),
  seen_ms: 0,
  earliest_ms: 1_000,
  latest_ms: 60 * minute,
  floor_ms: 1_000,
};
const pace = (duration_ms: number, variance = 1e-4): TaskPace => ({
  main: { mean: Math.log(duration_ms / 1_000), variance, tasks: 12 },
  other: null,
  mainWeight: 1,
});
const bounds = { floor_ms: 1_000, ceiling_ms: 60 * minute };

test('what is known well is asked for once, as soon as it is nearly sure to have ended', () => {
  const look_ms = nextLook_ms(facts);
  expect(look_ms).toBeGreaterThan(10 * minute);
  expect(look_ms).toBeLessThan(10.7 * minute);
});

test('the less is known, the earlier it is looked at', () => {
  const looks = [0.004, 0.1, 0.25, 0.5, 1].map((sigma) =>
    nextLook_ms({ ...facts, belief: around(10 * minute, sigma) }),
  );
  expect(looks).toEqual(looks.toSorted((a, b) => b - a));
});

test('of two paces the quicker is looked at first, and the slower once that was not it', () => {
  const belief = [...around(2 * minute, 0.004), ...around(10 * minute, 0.004)];
  const first_ms = nextLook_ms({ ...facts, belief });
  expect(first_ms / minute).toBeGreaterThan(1.95);
  expect(first_ms / minute).toBeLessThan(2.2);
  const second_ms = nextLook_ms({
    ...facts,
    belief,
    seen_ms: 2.2 * minute,
    earliest_ms: 2.2 * minute + 1_000,
  });
  expect(second_ms / minute).toBeGreaterThan(9.5);
});

test('never before the earliest, never after the latest, whatever is believed', () => {
  const time = fc.double({ min: 0, max: 1e9, noNaN: true });
  const part = fc.record({
    mean: fc.double({ min: -20, max: 40, noNaN: true }),
    variance: fc.double({ min: 1e-4, max: 9, noNaN: true }),
    weight: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 4 }),
      time,
      time,
      time,
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (belief, seen_ms, wait_ms, more_ms, floor_ms) => {
        const earliest_ms = seen_ms + wait_ms;
        const latest_ms = earliest_ms + more_ms;
        const look_ms = nextLook_ms({ belief, seen_ms, earliest_ms, latest_ms, floor_ms });
        expect(look_ms).toBeGreaterThanOrEqual(earliest_ms);
        expect(look_ms).toBeLessThanOrEqual(latest_ms);
      },
    ),
  );
});

test('a wait is whole milliseconds between floor and ceiling, first or not, whatever the counter says', () => {
  const counter = fc.option(fc.integer({ min: -5, max: 100_000 }));
  const limits = fc
    .record({ floor_ms: fc.integer({ min: 1, max: minute }), more_ms: fc.nat(60 * minute) })
    .map(({ floor_ms, more_ms }) => ({ floor_ms, ceiling_ms: floor_ms + more_ms }));
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e9, noNaN: true }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: -10, max: 1e9 }),
      counter,
      counter,
      counter,
      limits,
      (duration_ms, numbers, elapsed_ms, total, determined, determinedBefore, given) => {
        const progress = { total, determined, determinedBefore, elapsed_ms };
        for (const wait_ms of [
          firstWait_ms(pace(duration_ms), numbers, given),
          pacedWait_ms(pace(duration_ms), numbers, progress, given),
        ]) {
          expect(Number.isInteger(wait_ms)).toBe(true);
          expect(wait_ms).toBeGreaterThanOrEqual(given.floor_ms);
          expect(wait_ms).toBeLessThanOrEqual(given.ceiling_ms);
        }
      },
    ),
  );
});

test('a task that takes longer than all others is looked at seldomer and seldomer, and found with little lag', () => {
  const counter = { total: null, determined: null, determinedBefore: null };
  const duration_ms = 5 * 10 * minute;
  let now_ms = firstWait_ms(pace(10 * minute), 1_000, bounds);
  let calls = 1;
  while (now_ms < duration_ms) {
    now_ms += pacedWait_ms(pace(10 * minute), 1_000, { ...counter, elapsed_ms: now_ms }, bounds);
    calls += 1;
  }
  expect(calls).toBeLessThanOrEqual(20);
  expect(now_ms / duration_ms).toBeLessThan(1.3);
});

test('a counter that moves brings the look to the end that it foretells', () => {
  const elapsed_ms = 5 * minute;
  const slow = pace(60 * minute);
  const still = { total: 1_000, determined: null, determinedBefore: null, elapsed_ms };
  const nearlyDone = { ...still, determined: 950, determinedBefore: 500 };
  const wait_ms = pacedWait_ms(slow, 1_000, nearlyDone, bounds);
  expect(wait_ms).toBeLessThan(minute);
  expect(pacedWait_ms(slow, 1_000, still, bounds)).toBeGreaterThan(5 * minute);
});

test('tasks that are over before anybody looks are soon looked at after the floor again, though the first was found late', () => {
  const limits = { floor_ms: 200, ceiling_ms: 60 * minute };
  let known = learnPace(null, 1_000, { after_ms: 0, until_ms: 5_000 })?.pace ?? pace(5_000);
  const waits = Array.from({ length: 8 }, () => {
    const wait_ms = firstWait_ms(known, 1_000, limits);
    known = learnPace(known, 1_000, { after_ms: 0, until_ms: wait_ms })?.pace ?? known;
    return wait_ms;
  });
  expect(waits.at(-1)).toBe(limits.floor_ms);
  expect(Math.max(...waits)).toBeLessThan(5_000);
});
