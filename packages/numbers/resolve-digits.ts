// From bare digits to an E.164 number by libphonenumber's rules, or to the reason why not. Written
// anew over regular expressions compiled once, because the library compiles them per call (104 k
// numbers/s); where a rule looks odd it is the library's, and the property test holds the two together.

import type { NumberingPlan } from './numbering-plan.ts';
import { planOfRegion, plansOfCallingCode } from './numbering-plan.ts';
import type { RejectReason } from './reject-reason.ts';

const callingCodeDigitsMax = 3;
const e164DigitsMax = 15;
const nationalDigitsMin = 2;

/** Digits that follow a `+` (or an international prefix), calling code first. */
export function resolveInternational(digits: string): number | RejectReason {
  for (let length = 1; length <= callingCodeDigitsMax && length <= digits.length; length += 1) {
    const plans = plansOfCallingCode(digits.slice(0, length));
    const main = plans[0];
    if (main !== undefined) return resolveWithin(main, digits.slice(length), undefined);
  }
  return 'unknown_country';
}

/**
 * Digits without `+` as they are dialled in a region: with its international prefix, with its
 * calling code but no `+`, with or without its national prefix.
 */
export function resolveNational(digits: string, region: string): number | RejectReason {
  const plan = planOfRegion(region);
  const afterPrefix = stripInternationalPrefix(digits, plan);
  if (afterPrefix !== undefined) return resolveInternational(afterPrefix);
  if (carriesCallingCode(digits, plan)) return resolveInternational(digits);
  return resolveWithin(plan, digits, plan);
}

/** `home` is the region whose plan is used when the digits do not tell one, for national input only. */
function resolveWithin(
  plan: NumberingPlan,
  digits: string,
  home: NumberingPlan | undefined,
): number | RejectReason {
  if (digits === '') return 'too_short';
  const national = stripNationalPrefix(digits, plan);
  const owner = findOwner(plan.callingCode, national) ?? home ?? mainPlan(plan);
  if (national.length < nationalDigitsMin) return 'too_short';
  if (!isInPlan(national, owner)) {
    const length = judgeLength(national, owner);
    return length === 'too_short' || length === 'too_long' ? length : 'invalid_for_country';
  }
  const number = plan.callingCode + national;
  return number.length > e164DigitsMax ? 'too_long' : Number(number);
}

function mainPlan(plan: NumberingPlan): NumberingPlan {
  return plansOfCallingCode(plan.callingCode)[0] ?? plan;
}

/** Which of the regions that share a calling code a national number belongs to. */
function findOwner(callingCode: string, national: string): NumberingPlan | undefined {
  const plans = plansOfCallingCode(callingCode);
  if (plans.length === 1) return plans[0];
  return plans.find((plan) => plan.leadingDigits?.test(national) ?? isInPlan(national, plan));
}

function isInPlan(national: string, plan: NumberingPlan): boolean {
  if (!plan.general.test(national)) return false;
  return plan.ranges.some(
    (range) => range.lengths.includes(national.length) && range.pattern.test(national),
  );
}

function judgeLength(
  national: string,
  plan: NumberingPlan,
): 'possible' | 'too_short' | 'too_long' | 'between' {
  const { lengths } = plan;
  if (lengths.includes(national.length)) return 'possible';
  if (national.length < (lengths[0] ?? 0)) return 'too_short';
  return national.length > (lengths.at(-1) ?? 0) ? 'too_long' : 'between';
}

function stripInternationalPrefix(digits: string, plan: NumberingPlan): string | undefined {
  const prefix = plan.internationalPrefix?.exec(digits)?.[0];
  if (prefix === undefined) return undefined;
  const rest = digits.slice(prefix.length);
  // No calling code begins with 0, so `000…` is not a prefix followed by one.
  return rest === '' || rest === digits || rest.startsWith('0') ? undefined : rest;
}

/** A region's own calling code written without `+`: taken only where that makes an invalid or overlong number better. */
function carriesCallingCode(digits: string, plan: NumberingPlan): boolean {
  if (!digits.startsWith(plan.callingCode)) return false;
  const whole = stripNationalPrefix(digits, plan);
  if (judgeLength(whole, plan) === 'too_long') return true;
  const shorter = stripNationalPrefix(digits.slice(plan.callingCode.length), plan);
  return !plan.general.test(whole) && plan.general.test(shorter);
}

/** Takes a national prefix (or carrier code) off, unless the rest would be worse than the whole. */
function stripNationalPrefix(digits: string, plan: NumberingPlan): string {
  const match = plan.nationalPrefix?.exec(digits);
  if (plan.nationalPrefix === undefined || match === null || match === undefined) return digits;
  // The last group is what the transform builds on; where it took no part, the match is a plain prefix.
  const captured = match.length > 1 && match.at(-1);
  const stripped =
    plan.nationalPrefixTransform !== undefined && captured
      ? digits.replace(plan.nationalPrefix, plan.nationalPrefixTransform)
      : digits.slice(match[0].length);
  if (stripped === digits) return digits;
  if (plan.general.test(digits) && !plan.general.test(stripped)) return digits;
  const length = judgeLength(stripped, findOwner(plan.callingCode, stripped) ?? plan);
  return length === 'too_short' || length === 'between' ? digits : stripped;
}
