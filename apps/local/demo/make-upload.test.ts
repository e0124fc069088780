import { gunzipSync } from 'node:zlib';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { expect, test } from 'vitest';
import { demoChecks } from './checks.ts';
import { makeNumbers } from './make-numbers.ts';
import { makeUpload } from './make-upload.ts';
import { seededRandom } from './seeded-random.ts';

const numbers = makeNumbers(1_500, seededRandom(1));

test('numbers are valid, distinct, of every region, and the same in every run', () => {
  expect(new Set(numbers).size).toBe(1_500);
  const countries = new Set(
    numbers.map((digits) => {
      const number = parsePhoneNumberFromString(`+${digits}`);
      expect(number?.isValid()).toBe(true);
      return number?.country;
    }),
  );
  expect(countries.size).toBeGreaterThan(230);
  expect(makeNumbers(1_500, seededRandom(1))).toEqual(numbers);
  expect(makeNumbers(1_500, seededRandom(2))).not.toEqual(numbers);
});

test('more numbers than there are is an error and no endless search', () => {
  // Always the same last digits: at most one number a region.
  const stuck = { ...seededRandom(1), below: () => 12_345 };
  expect(() => makeNumbers(1_000, stuck)).toThrow(/there are only \d+ such numbers/);
});

test('between them the checks use each body form, and dirty lines of every reason', () => {
  expect(new Set(demoChecks.map(({ form }) => form)).size).toBe(demoChecks.length);
  const reasons = demoChecks.flatMap(({ form }) =>
    Object.keys(makeUpload(form, {}, numbers, seededRandom(3)).expected.rejectsByReason),
  );
  expect([...new Set(reasons)].sort()).toEqual([
    'empty_cell',
    'invalid_for_country',
    'not_a_number',
    'not_international',
    'too_long',
    'too_short',
    'unknown_country',
  ]);
});

test('an upload says how many lines it has, and the text has them', () => {
  const { request, expected } = makeUpload('txt.gz', {}, numbers, seededRandom(4));
  const lines = gunzipSync(request.body as Buffer)
    .toString()
    .split('\n')
    .filter(Boolean);
  expect(lines.length).toBe(expected.lines);
  expect(expected.lines).toBe(numbers.length + expected.duplicates + expected.rejected);
  expect(expected.duplicates).toBeGreaterThan(0);
});
