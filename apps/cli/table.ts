import { plainText } from './plain-text.ts';

const gap = '  ';
const narrowest = 8;

/**
 * Rows as lines, the first row being the headings: aligned, figures to the right, and the last column cut to what the terminal
 * has left; or tab-separated as they are. Ids and amounts are never cut, since they are copied from the screen.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  { aligned, columns }: { readonly aligned: boolean; readonly columns: number },
): string[] {
  const cells = rows.map((row) => row.map(plainText));
  // Programs read these: 1000, and not 1,000.
  if (!aligned) return cells.map((row) => row.map(ungrouped).join('\t'));
  const width = (cells[0] ?? []).map((_, index) =>
    Math.max(...cells.map((row) => lengthOf(row[index] ?? ''))),
  );
  const isFigure = width.map((_, index) =>
    cells.slice(1).every((row) => /^[\d.,%-]*$/.test(row[index] ?? '')),
  );
  return cells.map((row) => {
    const padded = row.map((cell, index) => {
      const space = ' '.repeat((width[index] ?? 0) - lengthOf(cell));
      return isFigure[index] ? space + cell : cell + space;
    });
    const before = padded.slice(0, -1).join(gap);
    const last = padded.at(-1) ?? '';
    const left = Math.max(narrowest, columns - lengthOf(before) - gap.length);
    return `${before}${before === '' ? '' : gap}${cut(last, left)}`.trimEnd();
  });
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
