import type { Charge } from './ledger.ts';

/** The numbers that one account was charged for more than once for one check. */
export interface PaidTwice {
  account: string;
  check: string;
  /** How many distinct numbers, and the first of them. */
  numbers: number;
  first_numbers: string[];
  /** The charged tasks of this account and check; some of them overlap. */
  task_ids: string[];
}

const shownNumbers = 100;

/** Finds double payments per account and check. Empty when no number was paid for twice. */
export function findPaidTwice(
  charges: readonly Charge[],
  numbersOf: (taskId: string) => Float64Array,
): PaidTwice[] {
  const groups = Map.groupBy(charges, (charge) => `${charge.account}\n${charge.check}`);
  const found: PaidTwice[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const paid = concatenate(group.map((charge) => numbersOf(charge.task_id))).toSorted();
    const twice = repeated(paid);
    if (twice.length > 0) {
      found.push({
        account: first.account,
        check: first.check,
        numbers: twice.length,
        first_numbers: twice.slice(0, shownNumbers).map(String),
        task_ids: group.map((charge) => charge.task_id),
      });
    }
  }
  return found;
}

function concatenate(parts: Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The distinct values that occur more than once in a sorted array. */
function repeated(sorted: Float64Array): number[] {
  const values: number[] = [];
  let before: number | undefined;
  for (const value of sorted) {
    if (value === before && value !== values.at(-1)) values.push(value);
    before = value;
  }
  return values;
}
