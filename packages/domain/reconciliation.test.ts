import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomes, resultSemantics, type Verdict, verdicts } from './outcome.ts';
import { absentMeans, Reconciliation } from './reconciliation.ts';

interface Row {
  readonly number: number;
  readonly verdict: Verdict;
}

const asked = (numbers: Iterable<number>) => Float64Array.from(new Set(numbers)).sort();

function reconcile(numbers: Float64Array, rows: readonly Row[]): Reconciliation {
  const reconciliation = new Reconciliation(numbers);
  for (const { number, verdict } of rows) reconciliation.add(number, verdict, null);
  return reconciliation;
}

/** A small world, so that rows meet each other: numbers asked for, and rows about them and their neighbours. */
const world = fc.record({
  numbers: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }).map(asked),
  rows: fc.array(
    fc.record({ number: fc.integer({ min: 0, max: 61 }), verdict: fc.constantFrom(...verdicts) }),
    { maxLength: 80 },
  ),
});
const semantics = fc.constantFrom(...resultSemantics);

describe('Reconciliation', () => {
  test('every number asked for ends with exactly one outcome, as its rows say', () => {
    fc.assert(
      fc.property(world, semantics, ({ numbers, rows }, meaning) => {
        const reconciliation = reconcile(numbers, rows);
        numbers.forEach((number, index) => {
          const said = new Set(
            rows.filter((row) => row.number === number).map((row) => row.verdict),
          );
          const [only] = said;
          expect(reconciliation.outcomeAt(index, meaning)).toBe(
            said.size > 1 ? 'undetermined' : (only ?? absentMeans(meaning)),
          );
        });
        const counted = reconciliation.outcomeCounts(meaning);
        expect(outcomes.reduce((sum, outcome) => sum + (counted[outcome] ?? 0), 0)).toBe(
          numbers.length,
        );
      }),
    );
  });

  test('the counts add up: rows, matched and missing, foreign and doubled', () => {
    fc.assert(
      fc.property(world, ({ numbers, rows }) => {
        const counts = reconcile(numbers, rows).counts();
        expect(counts.rows).toBe(rows.length);
        expect(counts.matched + counts.missing).toBe(numbers.length);
        expect(counts.rows).toBe(counts.matched + counts.foreign + counts.doubled);
        expect(counts.foreign).toBe(rows.filter((row) => !numbers.includes(row.number)).length);
      }),
    );
  });

  test('the order of the rows changes neither an outcome nor what is set aside', () => {
    const shuffled = world.chain(({ numbers, rows }) =>
      fc.record({
        numbers: fc.constant(numbers),
        rows: fc.constant(rows),
        other: fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
      }),
    );
    const facts = (reconciliation: Reconciliation, numbers: Float64Array) => ({
      outcomes: Array.from(numbers, (_, index) => reconciliation.outcomeAt(index, 'table')),
      counts: reconciliation.counts(),
      setAside: [...reconciliation.setAside()]
        .map(({ number, kind, verdicts: said }) => `${kind} ${number} ${said.toSorted().join()}`)
        .toSorted(),
    });
    fc.assert(
      fc.property(shuffled, ({ numbers, rows, other }) => {
        expect(facts(reconcile(numbers, other), numbers)).toEqual(
          facts(reconcile(numbers, rows), numbers),
        );
      }),
    );
  });

  test('rows about numbers that were not asked are set aside, and so are contradictions', () => {
    fc.assert(
      fc.property(world, ({ numbers, rows }) => {
        const setAside = [...reconcile(numbers, rows).setAside()];
        for (const { number, kind, verdicts: said } of setAside) {
          expect(numbers.includes(number)).toBe(kind === 'contradictory');
          const rowsOfIt = rows.filter((row) => row.number === number);
          expect(new Set(said)).toEqual(new Set(rowsOfIt.map((row) => row.verdict)));
        }
        const expected = new Set(
          rows
            .filter(
              (row) =>
                !numbers.includes(row.number) ||
                rows.some((other) => other.number === row.number && other.verdict !== row.verdict),
            )
            .map((row) => row.number),
        );
        expect(new Set(setAside.map(({ number }) => number))).toEqual(expected);
      }),
    );
  });

  test('a number that is contradicted keeps no attributes of either row', () => {
    const reconciliation = new Reconciliation(asked([11, 12]));
    reconciliation.add(11, 'registered', { age: '30' });
    reconciliation.add(12, 'registered', { age: '40' });
    reconciliation.add(11, 'banned', { age: '31' });
    reconciliation.add(11, 'registered', { age: '30' });
    expect(reconciliation.outcomeAt(0, 'table')).toBe('undetermined');
    expect(reconciliation.attributesAt(0)).toBeNull();
    expect(reconciliation.attributesAt(1)).toEqual({ age: '40' });
    expect([...reconciliation.setAside()]).toEqual([
      { number: 11, kind: 'contradictory', verdicts: ['registered', 'banned'] },
    ]);
  });

  test('the quarantine is bounded, and the counts are not', () => {
    const numbers = asked(Array.from({ length: 20_000 }, (_, index) => index + 1));
    const reconciliation = new Reconciliation(numbers);
    for (const number of numbers) {
      reconciliation.add(number, 'registered', null);
      reconciliation.add(number, 'banned', null);
      reconciliation.add(number + 1_000_000, 'registered', null);
    }
    const listed = [...reconciliation.setAside()];
    expect(listed.filter(({ kind }) => kind === 'foreign')).toHaveLength(10_000);
    expect(listed.filter(({ kind }) => kind === 'contradictory')).toHaveLength(10_000);
    expect(reconciliation.counts()).toMatchObject({ foreign: 20_000, contradictory: 20_000 });
  });
});

test.each([
  ['table', 'missing'],
  ['positives_only', 'not_registered'],
  ['negatives_only', 'registered'],
] as const)('in a file that is %s, a number without a row is %s', (meaning, outcome) => {
  expect(absentMeans(meaning)).toBe(outcome);
});
