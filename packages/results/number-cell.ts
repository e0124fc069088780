/** Why a cell that should hold a number holds none. */
export const numberProblems = [
  'empty',
  'not_a_number',
  /** Fewer than 7 digits. */
  'too_short',
  /** More than 15 digits (E.164). */
  'too_long',
  /** A spreadsheet wrote it as 4.4E+11: the digits are gone, and guessing them would answer for somebody else. */
  'lost_digits',
] as const;
export type NumberProblem = (typeof numberProblems)[number];

const plain = /^\+?([1-9]\d*)(?:\.0+)?$/;
const scientific = /^\+?([1-9])(?:[.,](\d+))?e\+?(\d{1,3})$/i;
const spaced = /^\+?[\d\s()-]+$/;

/**
 * A double written in full needs no more than this much to be trusted in scientific form: writers in the Java world put
 * 4.479111234E11 for 447911123400, while displays that round stop at 6 digits (4.47911E+11).
 */
const trustedSignificantDigits = 7;

/**
 * Reads E.164 digits from a cell, with or without `+`, quotes' content already taken out.
 * @param isDouble the cell is a number by its file's own type (xlsx), so scientific form is the value, not a display
 * @returns the digits as a double, or −1 − the index into `numberProblems`
 */
export function parseNumberCell(
  bytes: Buffer,
  start: number,
  end: number,
  isDouble: boolean,
): number {
  let position = bytes[start] === 0x2b ? start + 1 : start;
  const length = end - position;
  if (length < 7 || length > 15 || bytes[position] === 0x30) {
    return parseSlowly(bytes, start, end, isDouble);
  }
  let value = 0;
  for (; position < end; position++) {
    const digit = (bytes[position] as number) - 0x30;
    if (digit < 0 || digit > 9) return parseSlowly(bytes, start, end, isDouble);
    value = value * 10 + digit;
  }
  return value;
}

/** The problem behind a negative answer of `parseNumberCell`. */
export function numberProblem(answer: number): NumberProblem {
  return numberProblems[-1 - answer] ?? 'not_a_number';
}

/** Whether a cell that holds no number holds the zeros that an erasure writes over one: as many as a number has digits, and no other digit. */
export function isZeroed(bytes: Buffer, start: number, end: number): boolean {
  let zeros = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === 0x30) zeros++;
    // The exponent of a number in scientific form stays.
    else if ((byte | 0x20) === 0x65) break;
    else if (byte > 0x30 && byte <= 0x39) return false;
  }
  return zeros >= 7;
}

/** `parseNumberCell` for text. */
export function parseNumberText(text: string, isDouble = false): number {
  const bytes = Buffer.from(text);
  return parseNumberCell(bytes, 0, bytes.length, isDouble);
}

const failure = (problem: NumberProblem): number => -1 - numberProblems.indexOf(problem);

function parseSlowly(bytes: Buffer, start: number, end: number, isDouble: boolean): number {
  // 64 bytes hold every form below; what is longer is no number whatever it says.
  if (end - start > 64) return failure('not_a_number');
  let text = bytes.toString('utf8', start, end).trim();
  // Spreadsheets mark text with an apostrophe; it is not part of the number.
  if (text.startsWith("'")) text = text.slice(1);
  if (text === '') return failure('empty');
  const whole = plain.exec(text)?.[1];
  if (whole !== undefined) return fromDigits(whole);
  const parts = scientific.exec(text);
  if (parts) return fromScientific(parts, isDouble);
  if (!spaced.test(text)) return failure('not_a_number');
  const digits = text.replace(/\D/g, '');
  // A leading zero is a national number; dropping it could name another subscriber.
  if (digits.startsWith('0')) return failure('not_a_number');
  return fromDigits(digits);
}

function fromScientific(parts: RegExpExecArray, isDouble: boolean): number {
  const [, first = '', fraction = '', power = ''] = parts;
  const exponent = Number(power);
  if (exponent > 14) return failure('too_long');
  if (/[1-9]/.test(fraction.slice(exponent))) return failure('not_a_number');
  const given = `${first}${fraction.slice(0, exponent)}`;
  const isWhole = given.length === exponent + 1;
  const isTrusted = isDouble && given.length >= trustedSignificantDigits;
  if (!isWhole && !isTrusted) return failure('lost_digits');
  return fromDigits(given.padEnd(exponent + 1, '0'));
}

function fromDigits(digits: string): number {
  if (digits.length < 7) return failure('too_short');
  if (digits.length > 15) return failure('too_long');
  return Number(digits);
}
