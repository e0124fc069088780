import { getCountries, getExampleNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import type { Random } from './seeded-random.ts';

/** Digits at the end of an example number that are varied: enough for large regions, and most results stay valid. */
const variedDigits = 5;
const triesPerNumber = 20;

/**
 * Valid numbers of every region that libphonenumber-js has an example for, as digits without `+`, distinct, in no order: the example
 * with other last digits. Regions take turns; those with a small plan run out, and the others go on.
 */
export function makeNumbers(count: number, random: Random): string[] {
  const numbers = new Set<string>();
  let regions = getCountries().flatMap((region) => {
    const example = getExampleNumber(region, examples);
    return example ? [example.number.slice(1)] : [];
  });
  while (numbers.size < count) {
    regions = regions.filter((example) => {
      if (numbers.size >= count) return true;
      for (let tries = 0; tries < triesPerNumber; tries += 1) {
        const number = varied(example, random);
        if (numbers.has(number) || !isValid(number)) continue;
        numbers.add(number);
        return true;
      }
      return false;
    });
    if (regions.length === 0) throw new RangeError(`there are only ${numbers.size} such numbers`);
  }
  return [...numbers];
}

function varied(example: string, random: Random): string {
  const end = String(random.below(10 ** variedDigits)).padStart(variedDigits, '0');
  return example.slice(0, -variedDigits) + end;
}

/** Valid, and read back as the very same digits. */
function isValid(number: string): boolean {
  const parsed = parsePhoneNumberFromString(`+${number}`);
  return parsed !== undefined && parsed.isValid() && parsed.number === `+${number}`;
}
