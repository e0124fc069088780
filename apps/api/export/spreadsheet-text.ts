// What a spreadsheet takes for a formula when it stands first in a cell: = + - @, tab and carriage return (OWASP, "CSV Injection").
const formulaStart = /^[=+\-@\t\r]/;
const internationalNumber = /^\+[1-9]\d{6,14}$/;

/**
 * Text that a spreadsheet shows and never runs: an apostrophe before what would be a formula. A number as +E.164 stays as it is: no
 * formula can be made of digits alone, and whoever joins exports by number must find it.
 */
export function spreadsheetText(text: string): string {
  return formulaStart.test(text) && !internationalNumber.test(text) ? `'${text}` : text;
}
