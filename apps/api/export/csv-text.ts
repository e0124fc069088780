import { guardFormula } from './guard-formula.ts';

const needsQuotes = /["\r\n]/;

/** Rows as CSV by RFC 4180: CRLF, quotes where they are needed, a comma unless another separator is asked for; formulas escaped. */
export function csvText(rows: readonly (readonly string[])[], separator = ','): string {
  let text = '';
  for (const row of rows) {
    let before = '';
    for (const cell of row) {
      const shown = guardFormula(cell);
      const isQuoted = shown.includes(separator) || needsQuotes.test(shown);
      text += before;
      text += isQuoted ? `"${shown.replaceAll('"', '""')}"` : shown;
      before = separator;
    }
    text += '\r\n';
  }
  return text;
}
