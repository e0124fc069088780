import { plainText } from './plain-text.ts';

const gap = '  ';
/** Of its last column, which is cut to what is left, so much is always shown. */
const lastColumn_min = 12;

export interface TableLayout {
  readonly aligned: boolean;
  /** How wide the terminal is. */
  readonly columns: number;
  /** Headings of columns to do without where there is no room, the first of them first. */
  readonly lessImportant?: readonly string[];
  /** Headings of columns to do without in any case. */
  readonly without?: readonly string[];
}

export interface RenderedTable {
  readonly lines: readonly string[];
  readonly leftOut: readonly string[];
  /** False: the rows are records, with a heading on each of their lines. */
  readonly hasHead: boolean;
}

/**
 * Rows as lines, the first row being the headings: aligned, figures to the right, no line wider than the terminal; or tab-separated as
 * they are. Where there is no room, columns are left out, and what then is still too wide becomes a record a row. Only the last column is
 * ever cut: ids and amounts are copied from the screen.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  { aligned, columns, lessImportant = [], without = [] }: TableLayout,
): RenderedTable {
  const cells = rows.map((row) => row.map(plainText));
  if (!aligned) {
    // Programs read these: 1000, and not 1,000.
    const lines = cells.map((row) => row.map(ungrouped).join('\t'));
    return { lines, leftOut: [], hasHead: true };
  }
  const [headings = []] = cells;
  const table = headings.map((heading, index): Column => {
    const column = cells.map((row) => row[index] ?? '');
    const isLast = index === headings.length - 1;
    const width = Math.max(...column.map(lengthOf));
    const isFigure = column.slice(1).every((cell) => /^[\d.,%-]*$/.test(cell));
    return { heading, cells: column, width, isFigure, isLast };
  });
  const leftOut = [...without];
  const shown = () => table.filter(({ heading }) => !leftOut.includes(heading));
  for (const heading of lessImportant) {
    if (widthOf(shown()) <= columns) break;
    if (!leftOut.includes(heading)) leftOut.push(heading);
  }
  // A narrow one may have room beside those that stayed.
  for (const heading of leftOut.filter((each) => !without.includes(each)).reverse()) {
    leftOut.splice(leftOut.indexOf(heading), 1);
    if (widthOf(shown()) > columns) leftOut.push(heading);
  }
  if (widthOf(shown()) > columns) {
    return { lines: recordsOf(table, rows.length), leftOut: [], hasHead: false };
  }
  const lines = cells.map((_, row) => lineOf(shown(), row, columns));
  return { lines, leftOut, hasHead: true };
}

interface Column {
  readonly heading: string;
  /** With its heading. */
  readonly cells: readonly string[];
  readonly width: number;
  readonly isFigure: boolean;
  readonly isLast: boolean;
}

/** What they need at the least. */
function widthOf(table: readonly Column[]): number {
  const widths = table.map(({ width, isLast }) =>
    isLast ? Math.min(width, lastColumn_min) : width,
  );
  return widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
}

function lineOf(table: readonly Column[], row: number, columns: number): string {
  let line = '';
  for (const { cells, width, isFigure, isLast } of table) {
    const before = line === '' ? '' : `${line}${gap}`;
    const cell = cells[row] ?? '';
    const space = ' '.repeat(width - lengthOf(cell));
    if (isLast && !isFigure) line = `${before}${cut(cell, columns - lengthOf(before))}`;
    else line = `${before}${isFigure ? space + cell : cell + space}`;
  }
  return line.trimEnd();
}

/** A line a field that has something, and a blank one between records. */
function recordsOf(table: readonly Column[], rows: number): string[] {
  const width = Math.max(...table.map(({ heading }) => lengthOf(heading)));
  return Array.from({ length: rows - 1 }, (_, index) => [
    ...table.flatMap(({ heading, cells }) => {
      const cell = cells[index + 1] ?? '';
      return cell === '' ? [] : [`${heading.padEnd(width)}${gap}${cell}`];
    }),
    '',
  ]).flat();
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function cut(text: string, columns: number): string {
  const characters = Array.from(text.trimEnd());
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join('')}…`;
}

function ungrouped(cell: string): string {
  return /^\d{1,3}(,\d{3})+$/.test(cell) ? cell.replaceAll(',', '') : cell;
}
