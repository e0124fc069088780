// What a spreadsheet takes for a formula when it stands first in a cell of csv: = + - @, tab and carriage return (OWASP, "CSV Injection").
const formulaStart = /^[=+\-@\t\r]/;
// A formula that does anything has a letter (a function, a cell, a program to call) or a second operator. These have neither: signs that
// stand alone, numbers, and phone numbers as people write them.
const harmless = /^[+-](?:[\d .,()%\u00a0\u202f]*|\d+(?:[.,]\d+)?E[+-]?\d+)$/i;

/**
 * Text that a spreadsheet shows and never runs, for csv: an apostrophe before what would be a formula. Numbers stay as they are, since
 * whoever joins by them must find them. In xlsx a cell says itself that it is text, and an apostrophe would only be damage.
 */
export function guardFormula(text: string): string {
  return formulaStart.test(text) && !harmless.test(text) ? `'${text}` : text;
}
