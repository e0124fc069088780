import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRetry, type RetryFacts } from './decide-retry.ts';
import type { Money } from './money.ts';

const units = (count: number) => (BigInt(count) * 1_000_000_000n) as Money;

/** Ten numbers at 1 each, none of them paid for. */
const facts: RetryFacts = {
  numbers: 10,
  mayBePaid: 0,
  minNumbers: 1,
  pricePerNumber: units(1),
  maxCost: null,
  costCeiling: null,
  mayApprove: false,
};

describe('a retry', () => {
  test('of numbers that nobody paid for needs no approval, whoever asks', () => {
    expect(decideRetry(facts)).toEqual({
      kind: 'retry',
      maxCost: null,
      cost: units(10),
      needsApproval: false,
    });
  });

  test.each<readonly [string, Partial<RetryFacts>, object]>([
    ['of nothing is none', { numbers: 0 }, { kind: 'nothing_to_retry' }],
    ['below the minimum of the account', { minNumbers: 11 }, { kind: 'too_few_numbers' }],
    [
      'of one number that may be paid for asks for an approval, and names the price of all',
      { mayBePaid: 1, mayApprove: true },
      { kind: 'approval_required', cost: units(10) },
    ],
    [
      'is not approved by a key that may not',
      { mayBePaid: 1, costCeiling: units(10) },
      { kind: 'scope_missing' },
    ],
    [
      'is not covered by half an approval',
      { mayBePaid: 1, mayApprove: true, costCeiling: units(9) },
      { kind: 'approval_too_low', cost: units(10) },
    ],
    [
      'is covered to the last unit, and may spend no more than that',
      { mayBePaid: 1, mayApprove: true, costCeiling: units(10), maxCost: units(50) },
      { kind: 'retry', maxCost: units(10), cost: units(10), needsApproval: true },
    ],
    [
      'that its own limit would stop half-way is not begun',
      { maxCost: units(9) },
      { kind: 'max_cost_too_low', cost: units(10), maxCost: units(9) },
    ],
    [
      'keeps to a ceiling that nobody had asked for',
      { costCeiling: units(12) },
      { kind: 'retry', maxCost: units(12), cost: units(10), needsApproval: false },
    ],
  ])('%s', (_, changed, decision) => {
    expect(decideRetry({ ...facts, ...changed })).toEqual(decision);
  });

  test('never pays again without an approval that covers it by one who may give it', () => {
    const money = fc.option(fc.nat({ max: 30 }).map(units), { nil: null });
    fc.assert(
      fc.property(
        fc.record({
          numbers: fc.nat({ max: 20 }),
          mayBePaid: fc.nat({ max: 20 }),
          minNumbers: fc.integer({ min: 1, max: 5 }),
          pricePerNumber: fc.nat({ max: 2 }).map(units),
          maxCost: money,
          costCeiling: money,
          mayApprove: fc.boolean(),
        }),
        (some) => {
          const decision = decideRetry(some);
          if (decision.kind !== 'retry') return;
          expect(decision.needsApproval).toBe(some.mayBePaid > 0);
          if (!decision.needsApproval) return;
          expect(some.mayApprove).toBe(true);
          expect(decision.maxCost).not.toBeNull();
          expect((decision.maxCost ?? 0n) <= (some.costCeiling ?? -1n)).toBe(true);
          expect(decision.cost <= (decision.maxCost ?? -1n)).toBe(true);
        },
      ),
    );
  });
});
