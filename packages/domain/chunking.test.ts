import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChunkLimits,
  chunkSizes,
  effectiveLimits,
  type LearnedLimits,
  limitAfterRefusal,
} from './chunking.ts';

/** As configuration allows them: `min ≤ chunkSize ≤ max` and `max ≥ 2·min − 1`. */
const configuredLimits: fc.Arbitrary<ChunkLimits> = fc
  .record({
    minNumbers: fc.integer({ min: 1, max: 2_000 }),
    above: fc.nat(20_000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ minNumbers, above, share }) => {
    const maxNumbers = 2 * minNumbers - 1 + above;
    return {
      minNumbers,
      maxNumbers,
      chunkSize: minNumbers + Math.floor((maxNumbers - minNumbers) * share),
    };
  });

describe('chunkSizes', () => {
  const limits = { minNumbers: 100, maxNumbers: 10_000, chunkSize: 500 };
  test.each([
    { numbers: 0, sizes: 'too_few' },
    { numbers: 99, sizes: 'too_few' },
    { numbers: 100, sizes: [100] },
    { numbers: 500, sizes: [500] },
    { numbers: 501, sizes: [251, 250] },
    { numbers: 1_000, sizes: [500, 500] },
    { numbers: 1_001, sizes: [100, 451, 450] },
  ])('$numbers numbers become $sizes', ({ numbers, sizes }) => {
    expect(chunkSizes(numbers, limits, true)).toEqual(sizes);
  });

  test('no canary goes ahead where the account wants none', () => {
    expect(chunkSizes(1_001, limits, false)).toEqual([334, 334, 333]);
  });

  test('an even split below the minimum makes fewer and larger chunks instead', () => {
    expect(
      chunkSizes(1_999, { minNumbers: 1_000, maxNumbers: 1_999, chunkSize: 1_000 }, false),
    ).toEqual([1_999]);
  });

  test('every count from the minimum up is cut into legal uploads, and none is lost or padded', () => {
    fc.assert(
      fc.property(
        configuredLimits,
        fc.nat(100_000),
        fc.boolean(),
        (configured, numbers, withCanary) => {
          const sizes = chunkSizes(numbers, configured, withCanary);
          if (numbers < configured.minNumbers) return sizes === 'too_few';
          if (sizes === 'too_few') return false;
          return (
            sizes.reduce((sum, size) => sum + size, 0) === numbers &&
            sizes.every((size) => size >= configured.minNumbers && size <= configured.maxNumbers)
          );
        },
      ),
    );
  });

  test('the canary is the smallest legal upload, and the rest is even', () => {
    fc.assert(
      fc.property(
        configuredLimits,
        fc.integer({ min: 1_001, max: 100_000 }),
        (configured, numbers) => {
          fc.pre(numbers >= 2 * configured.minNumbers);
          const sizes = chunkSizes(numbers, configured, true);
          if (sizes === 'too_few') return false;
          const [canary, ...rest] = sizes;
          return canary === configured.minNumbers && Math.max(...rest) - Math.min(...rest) <= 1;
        },
      ),
    );
  });

  test('limits that exclude each other have no legal upload', () => {
    expect(chunkSizes(1_000, { minNumbers: 200, maxNumbers: 100, chunkSize: 100 }, false)).toBe(
      'too_few',
    );
    expect(chunkSizes(150, { minNumbers: 100, maxNumbers: 100, chunkSize: 100 }, false)).toBe(
      'too_few',
    );
  });
});

describe('effectiveLimits', () => {
  const configured = { minNumbers: 100, maxNumbers: 10_000, chunkSize: 5_000 };
  test.each<{ learned: LearnedLimits | null; becomes: ChunkLimits }>([
    { learned: null, becomes: configured },
    {
      learned: { minNumbers: 550, maxNumbers: null },
      becomes: { minNumbers: 550, maxNumbers: 10_000, chunkSize: 5_000 },
    },
    {
      learned: { minNumbers: 50, maxNumbers: null },
      becomes: configured,
    },
    {
      learned: { minNumbers: null, maxNumbers: 150 },
      becomes: { minNumbers: 75, maxNumbers: 150, chunkSize: 150 },
    },
    {
      learned: { minNumbers: null, maxNumbers: 20_000 },
      becomes: configured,
    },
  ])('the server is right: $learned', ({ learned, becomes }) => {
    expect(effectiveLimits(configured, learned)).toEqual(becomes);
  });

  test('a learned maximum alone never makes a count above the minimum uncuttable', () => {
    fc.assert(
      fc.property(
        configuredLimits,
        fc.integer({ min: 1, max: 30_000 }),
        fc.nat(100_000),
        (limits, maxNumbers, numbers) => {
          const effective = effectiveLimits(limits, { minNumbers: null, maxNumbers });
          fc.pre(numbers >= effective.minNumbers);
          return chunkSizes(numbers, effective, false) !== 'too_few';
        },
      ),
    );
  });
});

describe('limitAfterRefusal', () => {
  const configured = { minNumbers: 100, maxNumbers: 10_000, chunkSize: 5_000 };
  test.each([
    {
      what: 'a named minimum gets a margin of a tenth',
      sent: 100,
      limit: { bound: 'min', numbers: 500 } as const,
      learned: { minNumbers: 550, maxNumbers: null },
    },
    {
      what: 'a named minimum that was kept with its margin is doubled',
      sent: 550,
      limit: { bound: 'min', numbers: 500 } as const,
      learned: { minNumbers: 1_100, maxNumbers: null },
    },
    {
      what: 'an unnamed minimum is doubled',
      sent: 300,
      limit: { bound: 'min', numbers: null } as const,
      learned: { minNumbers: 600, maxNumbers: null },
    },
    {
      what: 'a named maximum is taken as it is',
      sent: 5_000,
      limit: { bound: 'max', numbers: 1_000 } as const,
      learned: { minNumbers: null, maxNumbers: 1_000 },
    },
    {
      what: 'a named maximum that was kept is halved',
      sent: 500,
      limit: { bound: 'max', numbers: 1_000 } as const,
      learned: { minNumbers: null, maxNumbers: 250 },
    },
    {
      what: 'a small batch refused for no named reason was too small',
      sent: 100,
      limit: null,
      learned: { minNumbers: 200, maxNumbers: null },
    },
    {
      what: 'a large batch refused for no named reason was too large',
      sent: 8_000,
      limit: null,
      learned: { minNumbers: null, maxNumbers: 4_000 },
    },
    {
      what: 'a single number that is too many leaves no legal upload',
      sent: 1,
      limit: { bound: 'max', numbers: null } as const,
      learned: { minNumbers: 2, maxNumbers: 1 },
    },
  ])('$what', ({ sent, limit, learned }) => {
    expect(limitAfterRefusal(sent, limit, configured)).toEqual(learned);
  });

  /** Plans, is refused, learns and plans again, as the plan and submit stages do with a provider's hidden limits. */
  function roundsUntilSettled(
    numbers: number,
    limits: ChunkLimits,
    refusal: (sent: number) => { bound: 'min' | 'max'; numbers: number | null } | null | 'accepted',
  ): number {
    let learned: LearnedLimits = { minNumbers: null, maxNumbers: null };
    for (let round = 1; round <= 1_000; round += 1) {
      const sizes = chunkSizes(numbers, effectiveLimits(limits, learned), false);
      if (sizes === 'too_few') return round;
      const sent = sizes[0] ?? 0;
      const answer = refusal(sent);
      if (answer === 'accepted') return round;
      const taught = limitAfterRefusal(sent, answer, limits);
      learned = {
        minNumbers: taught.minNumbers ?? learned.minNumbers,
        maxNumbers: taught.maxNumbers ?? learned.maxNumbers,
      };
    }
    return Infinity;
  }

  test('a provider that refuses every size is done with after a few refusals, whatever it names', () => {
    const answers = fc.infiniteStream(
      fc.option(
        fc.record({
          bound: fc.constantFrom('min' as const, 'max' as const),
          numbers: fc.option(fc.integer({ min: -5, max: 50_000 })),
        }),
      ),
    );
    fc.assert(
      fc.property(
        configuredLimits,
        fc.integer({ min: 1, max: 200_000 }),
        answers,
        (limits, numbers, stream) =>
          roundsUntilSettled(numbers, limits, () => stream.next().value ?? null) <= 64,
      ),
    );
  });

  test('planning anew finds a hidden minimum or maximum that the provider does not name', () => {
    const wide = { minNumbers: 1, maxNumbers: 1_000_000, chunkSize: 1_000 };
    expect(
      roundsUntilSettled(50_000, wide, (sent) =>
        sent >= 3_000 ? 'accepted' : { bound: 'min', numbers: null },
      ),
    ).toBe(3);
    expect(
      roundsUntilSettled(50_000, wide, (sent) =>
        sent <= 120 ? 'accepted' : { bound: 'max', numbers: null },
      ),
    ).toBe(5);
  });
});
