import type { PhoneText } from './phone-text.ts';

// libphonenumber's grammar of what may stand around a number, written anew over text whose digits and signs are ASCII
// already. The library is not asked: a text of ten characters costs it 20 µs, and a `phone-context` of 250 characters
// keeps its pattern for domain names busy for longer than anybody lives (each label doubles the time).

const numberSigns = String.raw`\-/.()\[\] \u00a0~\u2053\u223c\uff5e`;
const signsAndDigits = new RegExp(String.raw`^\+?[${numberSigns}\d]*$`);

const gap = String.raw`[ \u00a0\t,]*`;
const gapAfterLabel = String.raw`[:.]?[ \u00a0\t,-]*`;
const explicitLabels = 'e?xt(?:ensi(?:o\u0301?|ó))?n?|ｅ?ｘｔｎ?|доб|anexo';
/** An extension at the end, by how sure its label makes it: the surer, the more digits. */
const extension = new RegExp(
  [
    String.raw`;ext=\d{1,20}`,
    String.raw`${gap}(?:${explicitLabels})${gapAfterLabel}\d{1,20}#?`,
    String.raw`${gap}(?:[xｘ#＃~～]|int|ｉｎｔ)${gapAfterLabel}\d{1,9}#?`,
    String.raw`[- ]+\d{1,6}#`,
    String.raw`[ \u00a0\t]*(?:,,|;)${gapAfterLabel}\d{1,15}#?`,
    String.raw`[ \u00a0\t]*,+${gapAfterLabel}\d{1,9}#?`,
  ]
    .map((way) => `(?:${way})$`)
    .join('|'),
  'i',
);

const contextMark = ';phone-context=';
const contextNumber = /^\+[-.()]*\d[-.()\d]*$/;
const contextDomain = /^(?:\d+(?:-+\d+)*\.)*[a-z]+(?:-*\d)*\.?$/i;
const subaddressMark = ';isub=';
const uriMark = 'tel:';

const digitsOfANumberMin = 3;

/**
 * The rare text that has more than digits and punctuation inside: an extension (`x12`, `ext. 12`, `;ext=12`), letters,
 * a `phone-context` (RFC 3966). Of a number with an extension the number is kept: it is what a provider can be asked
 * about. Vanity letters are no digits here, as in libphonenumber-js, which the property test holds this to.
 *
 * @param text trimmed, with ASCII digits and signs, at most 250 characters
 */
export function readElaborateText(text: string): PhoneText {
  const whole = withoutUriParts(text);
  if (whole === undefined) return { kind: 'reject', reason: 'not_a_number' };
  const end = whole.search(extension);
  const number = end < 0 ? whole : whole.slice(0, end);
  if (!signsAndDigits.test(number)) return { kind: 'reject', reason: 'not_a_number' };
  const digits = number.replace(/\D+/g, '');
  if (digits === '') return { kind: 'reject', reason: 'not_a_number' };
  if (digits.length < digitsOfANumberMin) return { kind: 'reject', reason: 'too_short' };
  return { kind: 'digits', plus: number.startsWith('+'), digits };
}

/** The number and its extension, by RFC 3966 where its parameters are there. */
function withoutUriParts(text: string): string | undefined {
  let number = numberIn(text);
  const contextAt = text.indexOf(contextMark);
  if (contextAt >= 0) {
    const [context = ''] = text.slice(contextAt + contextMark.length).split(';', 1);
    const isGlobal = contextNumber.test(context);
    if (!isGlobal && !contextDomain.test(context)) return undefined;
    const uriAt = text.lastIndexOf(uriMark, contextAt);
    const local = text.slice(uriAt < 0 ? 0 : uriAt + uriMark.length, contextAt);
    number = isGlobal ? context + local : local;
  }
  const subaddressAt = number.indexOf(subaddressMark);
  return subaddressAt > 0 ? number.slice(0, subaddressAt) : number;
}

/** From the first digit or `+` to the last digit or `#`. */
function numberIn(text: string): string {
  const start = text.search(/[+\d]/);
  return start < 0 ? '' : text.slice(start).replace(/[^\d#]+$/, '');
}
