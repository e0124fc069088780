import { spreadsheetText } from './spreadsheet-text.ts';

const needsQuotes = /[",\r\n]/;

/** Rows as CSV by RFC 4180: comma, CRLF, quotes where they are needed; formulas escaped. */
export function csvText(rows: readonly (readonly string[])[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const cell of row) {
      const shown = spreadsheetText(cell);
      text += separator;
      text += needsQuotes.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
      separator = ',';
    }
    text += '\r\n';
  }
  return text;
}
