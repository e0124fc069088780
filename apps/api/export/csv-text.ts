import { guardFormula } from './guard-formula.ts';

const needsQuotes = /[",\r\n]/;

/** Rows as CSV by RFC 4180: comma, CRLF, quotes where they are needed; formulas escaped. */
export function csvText(rows: readonly (readonly string[])[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const cell of row) {
      const shown = guardFormula(cell);
      text += separator;
      text += needsQuotes.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
      separator = ',';
    }
    text += '\r\n';
  }
  return text;
}
