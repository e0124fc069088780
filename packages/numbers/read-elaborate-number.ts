import { ParseError, parsePhoneNumberWithError } from 'libphonenumber-js/max';
import type { CountryCode } from 'libphonenumber-js/max';
import type { RejectReason } from './reject-reason.ts';
import { resolveInternational } from './resolve-digits.ts';

/**
 * The rare text that has more than digits and punctuation inside: an extension (`x12`, `ext. 12`,
 * `;ext=12`), letters, a `phone-context`. libphonenumber-js itself reads it. Of a number with an
 * extension the number is kept: it is what a provider can be asked about. Vanity letters are no
 * digits here, as in libphonenumber-js.
 */
export function readElaborateNumber(
  text: string,
  region: string | undefined,
): number | RejectReason {
  const asWritten = parse(text, region);
  if (typeof asWritten === 'number') return asWritten;
  const start = text.search(/[+\d]/);
  if (start < 0 || text[start] === '+') return asWritten;
  const international = parse(`+${text.slice(start).replace(/^00/, '')}`, undefined);
  if (typeof international === 'number') return international;
  return asWritten === 'unknown_country' ? 'not_international' : asWritten;
}

function parse(text: string, region: string | undefined): number | RejectReason {
  try {
    const parsed = parsePhoneNumberWithError(text, region as CountryCode | undefined);
    const digits = parsed.number.slice(1);
    if (!parsed.isValid()) {
      const reason = resolveInternational(digits);
      return typeof reason === 'number' ? 'invalid_for_country' : reason;
    }
    return digits.length > 15 ? 'too_long' : Number(digits);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return reasonOfParseError[error.message] ?? 'not_a_number';
  }
}

const reasonOfParseError: Readonly<Record<string, RejectReason>> = {
  NOT_A_NUMBER: 'not_a_number',
  INVALID_COUNTRY: 'unknown_country',
  TOO_SHORT: 'too_short',
  TOO_LONG: 'too_long',
};
