import { isKnownRegion } from './numbering-plan.ts';
import { readPhoneText } from './phone-text.ts';
import type { RejectReason } from './reject-reason.ts';
import { resolveInternational, resolveNational } from './resolve-digits.ts';

/** Below this many digits a bare number is short before it is foreign (112, 999, an area code). */
const bareDigitsMin = 7;
const e164DigitsMax = 15;

/**
 * Compiles the reading of one cell: text in, E.164 digits as a number out (at most 15 digits, below
 * 2^53, so a double holds them exactly), or the reason why not. A number is accepted when, and only
 * when, libphonenumber-js `/max` calls it valid, and has at most 15 digits.
 *
 * - `+…`: international.
 * - No `+`, with a default region: as dialled there (national, its own `00`/`011` prefix, its calling
 *   code without `+`); where that is not valid, as international.
 * - No `+`, no default region: as international, since most lists are E.164 without the plus; a
 *   leading `00` is taken off first.
 *
 * Throws on a region that {@link isKnownRegion} does not know.
 */
export function compileNormaliser(defaultRegion?: string): (text: string) => number | RejectReason {
  const region = defaultRegion?.toUpperCase();
  if (region !== undefined && !isKnownRegion(region)) {
    throw new Error(`no numbering plan for default region ${defaultRegion}`);
  }
  const resolveBare =
    region === undefined
      ? resolveBareDigits
      : (digits: string): number | RejectReason => {
          const national = resolveNational(digits, region);
          if (typeof national === 'number') return national;
          const international = resolveInternational(withoutDoubleZero(digits));
          return typeof international === 'number' ? international : national;
        };
  return (text) => {
    const found = readPhoneText(text);
    if (found.kind === 'reject') return found.reason;
    return found.plus ? resolveInternational(found.digits) : resolveBare(found.digits);
  };
}

function resolveBareDigits(digits: string): number | RejectReason {
  const rest = withoutDoubleZero(digits);
  const number = resolveInternational(rest);
  // `00…` says that it is international, so the reason is what is wrong with it as such.
  if (typeof number === 'number' || rest !== digits) return number;
  if (digits.length < bareDigitsMin) return 'too_short';
  return digits.length > e164DigitsMax ? 'too_long' : 'not_international';
}

function withoutDoubleZero(digits: string): string {
  return digits.startsWith('00') ? digits.slice(2) : digits;
}
