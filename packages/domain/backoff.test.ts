import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Backoff, backoff_ms, pollWait_ms } from './backoff.ts';

const bounds: fc.Arbitrary<Backoff> = fc
  .record({ floor_ms: fc.integer({ min: 1, max: 60_000 }), more_ms: fc.nat(3_600_000) })
  .map(({ floor_ms, more_ms }) => ({ floor_ms, ceiling_ms: floor_ms + more_ms }));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoff_ms', () => {
  test('never leaves floor and ceiling, whatever the number of tries', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 1_000_000 }),
        bounds,
        random,
        (tries, limits, drawn) => {
          const wait_ms = backoff_ms(tries, limits, drawn);
          return wait_ms >= limits.floor_ms && wait_ms <= limits.ceiling_ms;
        },
      ),
    );
  });

  test('stays within a tenth of its growth, and uses both sides of it', () => {
    const wide = { floor_ms: 1_000, ceiling_ms: 1_000_000 };
    for (let tries = 1; tries <= 10; tries += 1) {
      const middle_ms = 1_000 * 1.6 ** tries;
      expect(backoff_ms(tries, wide, 0)).toBe(Math.round(middle_ms * 0.9));
      expect(backoff_ms(tries, wide, 0.5)).toBe(Math.round(middle_ms));
      expect(backoff_ms(tries, wide, 0.999_999_999)).toBe(Math.round(middle_ms * 1.1));
    }
  });

  test('does not shrink from one try to the next at the same draw', () => {
    fc.assert(
      fc.property(fc.nat(100), bounds, random, (tries, limits, drawn) => {
        return backoff_ms(tries + 1, limits, drawn) >= backoff_ms(tries, limits, drawn);
      }),
    );
  });
});

describe('pollWait_ms', () => {
  const counter = fc.option(fc.integer({ min: -10, max: 20_000 }));
  test('never leaves floor and ceiling, whatever the provider counts', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        counter,
        counter,
        counter,
        fc.integer({ min: -1_000, max: 1e9 }),
        bounds,
        random,
        (polls, total, determined, determinedBefore, elapsed_ms, limits, drawn) => {
          const progress = { total, determined, determinedBefore, elapsed_ms };
          const wait_ms = pollWait_ms(polls, progress, limits, drawn);
          return wait_ms >= limits.floor_ms && wait_ms <= limits.ceiling_ms;
        },
      ),
    );
  });

  test('a counter that moves steers to half of the time that is left', () => {
    const limits = { floor_ms: 1_000, ceiling_ms: 3_600_000 };
    const progress = { total: 1_000, determined: 100, determinedBefore: 50, elapsed_ms: 60_000 };
    expect(pollWait_ms(3, progress, limits, 0.5)).toBe(270_000);
  });

  test.each([
    { what: 'stands still', progress: { total: 10, determined: 5, determinedBefore: 5 } },
    { what: 'goes back', progress: { total: 10, determined: 4, determinedBefore: 5 } },
    { what: 'exceeds its total', progress: { total: 10, determined: 11, determinedBefore: 5 } },
    { what: 'is not told', progress: { total: 10, determined: null, determinedBefore: 5 } },
    { what: 'has no total', progress: { total: null, determined: 6, determinedBefore: 5 } },
  ])('a counter that $what does not steer: the wait grows with the polls', ({ progress }) => {
    const limits = { floor_ms: 1_000, ceiling_ms: 3_600_000 };
    expect(pollWait_ms(4, { ...progress, elapsed_ms: 60_000 }, limits, 0.5)).toBe(
      backoff_ms(4, limits, 0.5),
    );
  });

  test('a task with a moving counter is found ready soon after its end, in few polls', () => {
    const limits = { floor_ms: 2_000, ceiling_ms: 600_000 };
    const duration = fc.integer({ min: 10_000, max: 6 * 3_600_000 });
    fc.assert(
      fc.property(duration, fc.infiniteStream(random), (duration_ms, draws) => {
        const total = 100_000;
        const countAt = (now_ms: number) =>
          Math.min(total, Math.floor((total * now_ms) / duration_ms));
        let now_ms = limits.floor_ms;
        let polls = 1;
        let before: number | null = null;
        while (now_ms < duration_ms) {
          const determined = countAt(now_ms);
          const progress = { total, determined, determinedBefore: before, elapsed_ms: now_ms };
          now_ms += pollWait_ms(polls, progress, limits, draws.next().value ?? 0.5);
          before = determined;
          polls += 1;
        }
        const ceilingPolls = duration_ms / limits.ceiling_ms;
        expect(polls).toBeLessThanOrEqual(16 + 1.2 * ceilingPolls);
        expect(now_ms - duration_ms).toBeLessThanOrEqual(limits.floor_ms * 1.1);
      }),
    );
  });
});
