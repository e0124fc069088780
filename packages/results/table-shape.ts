import type { Verdict } from '@rollcall/domain';
import {
  comparableName,
  generalVerdictColumnNames,
  numberColumnNames,
  serviceOf,
} from './column-names.ts';
import { columnName } from './display-text.ts';
import { parseNumberText } from './number-cell.ts';
import type { VerdictWords } from './verdict-words.ts';

/** What was asked, as far as a verdict column may be named after it. */
export interface AskedCheck {
  readonly check: string;
  readonly taskType: string;
  readonly verdictColumns: readonly string[];
}

/** Where the number and the verdict stand in a table. */
export interface TableShape {
  readonly hasHeader: boolean;
  /** Lower case, trimmed; empty without a header. */
  readonly names: readonly string[];
  readonly numberColumn: number;
  readonly verdictColumn: number | null;
  /** A column named after another service than the one asked, where no verdict column was found. */
  readonly otherService: string | null;
  /** Columns of the first row: later rows of the same file are expected to have as many. */
  readonly width: number;
}

/** How the verdict of a row is found. */
export type VerdictSource =
  | { readonly kind: 'column'; readonly column: number }
  /** Being listed is the answer. */
  | { readonly kind: 'listed'; readonly verdict: Verdict };

export interface TableLayout {
  readonly shape: TableShape;
  readonly verdict: VerdictSource;
}

/**
 * Recognises a table by its first rows.
 * @param rows the first rows that are not blank, cells as text
 * @returns null when no column holds numbers
 */
export function recogniseTable(
  rows: readonly (readonly string[])[],
  asked: AskedCheck,
  words: VerdictWords,
): TableShape | null {
  const first = rows[0];
  if (first === undefined) return null;
  const comparable = first.map(comparableName);
  const numberColumn = firstIndexOf(numberColumnNames, comparable);
  if (numberColumn !== null) {
    const found = findVerdictColumn(comparable, numberColumn, asked);
    const names = first.map(columnName);
    return { hasHeader: true, names, numberColumn, width: first.length, ...found };
  }
  // Without a header the number comes first. One broken cell on top must not hide a whole list.
  const startsLikeNumber = /^\s*['+]?\d/.test(first[0] ?? '');
  if (!startsLikeNumber || !rows.some((row) => parseNumberText(row[0] ?? '') > 0)) return null;
  const saysVerdict = rows.some((row) => words.codeOfText(row[1] ?? '') >= 0);
  return {
    hasHeader: false,
    names: [],
    numberColumn: 0,
    verdictColumn: saysVerdict ? 1 : null,
    otherService: null,
    width: first.length,
  };
}

/** The verdict column by preference: named as asked, then by a general word, then by a service that may be the one. */
function findVerdictColumn(
  comparable: readonly string[],
  numberColumn: number,
  asked: AskedCheck,
): Pick<TableShape, 'verdictColumn' | 'otherService'> {
  const candidates = comparable.map((name, column) => (column === numberColumn ? '' : name));
  const askedNames = [asked.check, asked.taskType, ...asked.verdictColumns].map(comparableName);
  const askedService = askedNames.map(serviceOf).find((service) => service !== null) ?? null;
  const named = firstIndexOf([...askedNames, ...generalVerdictColumnNames], candidates);
  if (named !== null) return { verdictColumn: named, otherService: null };
  const services = candidates.map(serviceOf);
  const ofService = services.findIndex(
    (service) => service !== null && (askedService === null || service === askedService),
  );
  if (ofService >= 0) return { verdictColumn: ofService, otherService: null };
  return {
    verdictColumn: null,
    otherService: services.find((service) => service !== null) ?? null,
  };
}

function firstIndexOf(wanted: readonly string[], names: readonly string[]): number | null {
  for (const name of wanted) {
    const index = name === '' ? -1 : names.indexOf(name);
    if (index >= 0) return index;
  }
  return null;
}
