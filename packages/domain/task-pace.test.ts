import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  durationBelief,
  type EndedBetween,
  type LearnedPace,
  learnPace,
  paceOf,
  sizeClassOf,
  type TaskPace,
} from './task-pace.ts';

const numbers = 1_000;
/** Seen to end within 4 %. */
const endedAt = (duration_ms: number): EndedBetween => ({
  after_ms: duration_ms * 0.98,
  until_ms: duration_ms * 1.02,
});
function learnAll(durations: readonly number[], before: TaskPace | null = null): TaskPace {
  const pace = durations.reduce<TaskPace | null>(
    (known, duration_ms) => learnPace(known, numbers, endedAt(duration_ms))?.pace ?? known,
    before,
  );
  if (!pace) throw new Error('nothing was learned');
  return pace;
}
const repeated = (duration_ms: number, times: number) =>
  Array.from({ length: times }, () => duration_ms);
/** Of the main pace, in milliseconds for the task. */
const typical = ({ main }: TaskPace) => Math.exp(main.mean) * numbers;

const learnedAt = (
  sizeClass: number,
  pace: TaskPace,
  learnedAt_ms: number,
  shift: LearnedPace['shift'] = null,
): LearnedPace => ({ ...pace, sizeClass, learnedAt_ms, shift });

test.each([
  [0, 0],
  [1, 0],
  [2, 1],
  [1_000, 9],
  [1_023, 9],
  [1_024, 10],
  [1_000_000, 19],
])('%i numbers are of size %i', (count, size) => expect(sizeClassOf(count)).toBe(size));

describe('learnPace', () => {
  test('one task is enough for a pace, and every further one makes it surer', () => {
    const spreads = [1, 2, 4, 8].map((times) => {
      const pace = learnAll(repeated(60_000, times));
      expect(typical(pace)).toBeCloseTo(60_000, -3);
      return durationBelief(pace, numbers)[0]?.variance ?? 0;
    });
    expect(spreads).toEqual(spreads.toSorted((a, b) => b - a));
    expect(Math.sqrt(spreads.at(-1) ?? 1)).toBeLessThan(0.06);
  });

  test('a pace five times slower or quicker is the main one after two tasks, and the old one is forgotten in time', () => {
    for (const factor of [5, 0.2]) {
      const before = learnAll(repeated(60_000, 30));
      const first = learnPace(before, numbers, endedAt(60_000 * factor));
      expect(first?.shift).toBeCloseTo(Math.log(factor), 1);
      expect(first?.pace.mainWeight).toBe(0.5);
      const second = learnAll(repeated(60_000 * factor, 2), before);
      expect(typical(second) / 60_000).toBeCloseTo(factor, 0);
      expect(learnAll(repeated(60_000 * factor, 4), before).other).toBeNull();
    }
  });

  test('one odd task changes nothing for long', () => {
    const before = learnAll(repeated(60_000, 30));
    const after = learnAll([600_000, 60_000, 60_000], before);
    expect(after.other).toBeNull();
    expect(typical(after) / typical(before)).toBeCloseTo(1, 2);
  });

  test('what was over at the first look teaches nothing that was not believed', () => {
    const before = learnAll(repeated(60_000, 30));
    const after = learnPace(before, numbers, { after_ms: 0, until_ms: 63_000 });
    expect(typical(after?.pace ?? before) / typical(before)).toBeCloseTo(1, 2);
  });

  test('an interval that is none is passed over', () => {
    for (const ended of [
      { after_ms: 0, until_ms: 0 },
      { after_ms: 10, until_ms: 10 },
      { after_ms: 0, until_ms: Number.NaN },
    ])
      expect(learnPace(null, numbers, ended)).toBeNull();
  });

  test('whatever is seen, what is believed stays finite, and its weights are shares', () => {
    const seen = fc.record({
      after_ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
      more_ms: fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
      count: fc.integer({ min: 1, max: 10_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 30 }), (tasks) => {
        let pace: TaskPace | null = null;
        for (const { after_ms, more_ms, count } of tasks) {
          pace = learnPace(pace, count, { after_ms, until_ms: after_ms + more_ms })?.pace ?? pace;
          if (!pace) continue;
          for (const mode of [pace.main, ...(pace.other ? [pace.other] : [])]) {
            expect(Number.isFinite(mode.mean)).toBe(true);
            expect(mode.variance).toBeGreaterThanOrEqual(0);
            expect(mode.tasks).toBeGreaterThanOrEqual(1);
          }
          expect(pace.mainWeight).toBeGreaterThanOrEqual(0.5);
          expect(pace.mainWeight).toBeLessThanOrEqual(1);
          const weights = durationBelief(pace, count).map(({ weight }) => weight);
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});

describe('paceOf', () => {
  const known = learnAll(repeated(60_000, 20));

  test('nothing is known where nothing was learned', () => expect(paceOf([], 9)).toBeNull());

  test('a size goes by its own, and one that nobody has seen by the nearest, less sure', () => {
    const other = learnAll(repeated(90_000, 20));
    const learned = [learnedAt(9, known, 1), learnedAt(14, other, 2)];
    expect(paceOf(learned, 9)?.main.mean).toBe(known.main.mean);
    const lent = paceOf(learned, 12);
    expect(lent?.main.mean).toBe(other.main.mean);
    const [spread = 0, own = 0] = [lent, other].map(
      (pace) => pace && durationBelief(pace, 1)[0]?.variance,
    ) as number[];
    expect(Math.sqrt(spread)).toBeGreaterThan(Math.sqrt(own) + 0.2);
  });

  test('a change that another size has shown since may be this one’s too', () => {
    const shift = { by: -1.6, at_ms: 5 };
    const shown = learnedAt(12, known, 5, shift);
    expect(paceOf([learnedAt(9, known, 4), shown], 9)).toMatchObject({
      mainWeight: 0.5,
      other: { mean: known.main.mean - 1.6 },
    });
    // What was learned after it has shown what it has to do with this size.
    expect(paceOf([learnedAt(9, known, 6), shown], 9)?.other).toBeNull();
  });
});
