declare const brand: unique symbol;

/**
 * One phone number in hand, where it is about a person: a request that names it, an erasure. At run time it is a plain number, of E.164
 * digits; to the compiler and the linter it is nothing that a text takes, so that `${number}`, `String(number)`, `+`, a log field or a count
 * is an error. Columns of millions stay numbers in typed arrays, where no text is near.
 */
export interface PhoneNumber {
  readonly [brand]: 'a phone number goes into no text';
}

/** Reads +E.164; the + may be left out, or be the blank that a URL makes of it. Null for anything else. */
export function parsePhoneNumber(text: string): PhoneNumber | null {
  return /^[+ ]?[1-9]\d{6,14}$/.test(text)
    ? (Number(text.replace(/^[+ ]/, '')) as unknown as PhoneNumber)
    : null;
}

/** Its E.164 digits, for statements and digests. The one way out: whoever takes it has a number again. */
export function digitsOf(number: PhoneNumber): number {
  return number as unknown as number;
}
