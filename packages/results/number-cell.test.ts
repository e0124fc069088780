import { expect, test } from 'vitest';
import { isZeroed, numberProblem, parseNumberText } from './number-cell.ts';

test.each([
  ['447911123456', 447911123456],
  ['+447911123456', 447911123456],
  ["'+447911123456", 447911123456],
  [' +447911123456\u00a0', 447911123456],
  ['447911123456.0', 447911123456],
  ['447911123456.00', 447911123456],
  ['+44 7911 123-456', 447911123456],
  ['+1 (202) 555 0123', 12025550123],
  ['4.47911123456E+11', 447911123456],
  ['4,47911123456E+11', 447911123456],
  ['4.479111234560E11', 447911123456],
  ['1234567', 1234567],
  ['999999999999999', 999999999999999],
])('%s is %i', (text, number) => {
  expect(parseNumberText(text)).toBe(number);
});

test.each([
  ['', 'empty'],
  ['   ', 'empty'],
  ['n/a', 'not_a_number'],
  ['+', 'not_a_number'],
  ['-447911123456', 'not_a_number'],
  ['447911123456.5', 'not_a_number'],
  ['07911123456', 'not_a_number'],
  ['00447911123456', 'not_a_number'],
  ['447911123456x12', 'not_a_number'],
  ['4479111\u000023456', 'not_a_number'],
  ['=HYPERLINK("x")', 'not_a_number'],
  ['123456', 'too_short'],
  ['+1', 'too_short'],
  ['1234567890123456', 'too_long'],
  ['4.4E+11', 'lost_digits'],
  ['4.479111E+11', 'lost_digits'],
  ['1E+99', 'too_long'],
  ['4'.repeat(65), 'not_a_number'],
])('%j is refused as %s', (text, problem) => {
  expect(numberProblem(parseNumberText(text))).toBe(problem);
});

test('a double in scientific form is its value, unless it has the few digits of a rounded display', () => {
  expect(parseNumberText('4.479111E11', true)).toBe(447911100000);
  expect(numberProblem(parseNumberText('4.47911E11', true))).toBe('lost_digits');
});

test.each([
  ['000000000000', true],
  ['+000000000000', true],
  ['+00 (0)0000 000-000', true],
  ['0.00000000000E+11', true],
  ['000000000000.0', true],
  ['000000', false],
  ['000000000001', false],
  ['447911123456', false],
  ['44791112', false],
  ['n/a', false],
  ['', false],
])('that %s is what an erasure left of a number is %s', (text, expected) => {
  const bytes = Buffer.from(`,${text},1`);
  expect(isZeroed(bytes, 1, 1 + text.length)).toBe(expected);
});
