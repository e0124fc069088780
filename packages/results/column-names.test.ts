import { expect, test } from 'vitest';
import { comparableName, listVerdictOf, serviceOf } from './column-names.ts';

test('names are compared without case, blanks, underscores and marks', () => {
  expect(comparableName('\ufeff Mobile_Number ')).toBe('mobile number');
  expect(serviceOf(comparableName('WA_cheking'))).toBe('whatsapp');
});

test.each([
  ['registered.txt', 'registered'],
  ['activated.txt', 'registered'],
  ['a/b/d4g2_Activated.csv', 'registered'],
  ['unregistered.txt', 'not_registered'],
  ['not_registered.txt', 'not_registered'],
  ['non-active.txt', 'not_registered'],
  ['registered/list.txt', null],
  ['preregistered.txt', null],
  ['result.txt', null],
])('a list called %s holds numbers that are %s', (name, verdict) => {
  expect(listVerdictOf(name)).toBe(verdict);
});
