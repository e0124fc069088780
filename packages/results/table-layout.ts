import type { ResultSemantics, Verdict } from '@rollcall/domain';
import type { TableLayout, TableShape } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';

/** The verdict that being listed gives under a setting; null where a table must say it. */
export function listedVerdict(semantics: ResultSemantics): Verdict | null {
  if (semantics === 'positives_only') return 'registered';
  return semantics === 'negatives_only' ? 'not_registered' : null;
}

/**
 * Holds a table's shape against what the account says its files mean. Where the two disagree the file is refused: a
 * wrong setting would turn every "no" into "registered".
 */
export function layOut(shape: TableShape | null, semantics: ResultSemantics): TableLayout {
  if (shape === null) {
    throw new Unreadable('no_number_column', 'no column of phone numbers was recognised');
  }
  const listed = listedVerdict(semantics);
  if (listed !== null) {
    if (shape.verdictColumn !== null || shape.otherService !== null) {
      const message = `the account's files are ${semantics}, but this one has a column of verdicts`;
      throw new Unreadable('semantics_mismatch', message);
    }
    return { shape, verdict: { kind: 'listed', verdict: listed } };
  }
  if (shape.verdictColumn !== null) {
    return { shape, verdict: { kind: 'column', column: shape.verdictColumn } };
  }
  if (shape.otherService !== null) {
    const message = `the verdict column is named after ${shape.otherService}, which was not asked`;
    throw new Unreadable('other_check', message);
  }
  throw new Unreadable('no_verdict_column', 'numbers, but no column of verdicts');
}
