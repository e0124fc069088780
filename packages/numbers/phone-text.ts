import { readElaborateText } from './read-elaborate-text.ts';
import type { RejectReason } from './reject-reason.ts';

/** What a cell's text turns out to be, before any country's rules are asked. */
export type PhoneText =
  | { readonly kind: 'digits'; readonly plus: boolean; readonly digits: string }
  | { readonly kind: 'reject'; readonly reason: RejectReason };

// libphonenumber refuses to look at longer texts, so that nobody can make it burn time.
const textLengthMax = 250;
const textLengthOfANumberMin = 3;

const spreadsheetFormula = /^[=@]/;
const negativeNumber = /^-[\d.]/;
const decimalZero = /^(\+?\d{7,})\.0+$/;
const plainNumber = /^\+?[ \u00a0().\-/[\]]*\d[\d \u00a0().\-/[\]]*$/;

// What libphonenumber takes for digits and punctuation beyond ASCII: fullwidth, Arabic-Indic and
// Eastern Arabic digits; dashes, zero-width and ideographic spaces, soft hyphen, word joiner, brackets.
const beyondAscii = /[^\u0000-\u007f]/;
const foreignDigit = /[\uff10-\uff19\u0660-\u0669\u06f0-\u06f9]/g;
const foreignPunctuation =
  /[\u00ad\u200b\u2060\u3000\u2010-\u2015\u2212\u30fc\uff0d\uff0f\uff08\uff09\uff3b\uff3d]/g;

/**
 * Finds the phone number in a cell. As libphonenumber does, signs and words before the first digit
 * or `+` and after the last digit are dropped (`'+44…`, `tel:+44…`, `+44… (work)`), and punctuation
 * inside is ignored. What a spreadsheet makes of numbers is told apart first:
 *
 * - a formula (`=…`, `@…`), a negative number, NUL or a broken surrogate: `not_a_number`;
 * - `447911123456.0` is the number without its decimal zero, which read as punctuation would make
 *   another, longer number;
 * - `4.47911E+11` has lost its digits and is `not_a_number` by libphonenumber's own rule;
 * - a fullwidth plus counts as a plus, where libphonenumber-js would silently drop it.
 */
export function readPhoneText(raw: string): PhoneText {
  const text = raw.trim();
  if (text === '') return { kind: 'reject', reason: 'empty_cell' };
  if (text.length > textLengthMax) return { kind: 'reject', reason: 'too_long' };
  if (spreadsheetFormula.test(text) || negativeNumber.test(text)) return notANumber;
  if (text.includes('\0') || !text.isWellFormed()) return notANumber;
  const ascii = withAsciiSigns(text);
  const start = ascii.search(/[+\d]/);
  if (start < 0) return notANumber;
  const found = ascii.slice(start).replace(/[^\d#]+$/, '');
  const decimal = decimalZero.exec(found);
  const number = decimal?.[1] ?? found;
  if (!plainNumber.test(number)) return readElaborateText(ascii);
  const digits = number.replace(/\D+/g, '');
  if (digits.length < textLengthOfANumberMin) return { kind: 'reject', reason: 'too_short' };
  return { kind: 'digits', plus: number.startsWith('+'), digits };
}

const notANumber: PhoneText = { kind: 'reject', reason: 'not_a_number' };

function withAsciiSigns(text: string): string {
  if (!beyondAscii.test(text)) return text;
  return (
    text
      .replace(foreignDigit, (digit) => String(digit.charCodeAt(0) & 0xf))
      .replaceAll('\uff0e', '.')
      // A slash is the one punctuation mark that no way of writing an extension uses.
      .replace(foreignPunctuation, '/')
      .replaceAll('\uff0b', '+')
  );
}
