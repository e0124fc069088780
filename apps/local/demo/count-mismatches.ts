/** A row of the results: digits without `+`, and the outcome. */
export type Row = readonly [digits: string, outcome: string];

/** Numbers without a row, rows without a number (second rows of one included), and rows that say something else than the truth. */
export function countMismatches(
  numbers: readonly string[],
  truth: ReadonlyMap<string, string>,
  rows: readonly Row[],
): number {
  const unanswered = new Set(numbers);
  let mismatches = 0;
  for (const [digits, outcome] of rows) {
    // A second row of a number finds it gone.
    const asked = unanswered.delete(digits);
    if (!asked || truth.get(digits) !== outcome) mismatches += 1;
  }
  return mismatches + unanswered.size;
}
