import { expect, test } from 'vitest';
import { isNumberHeader } from './header-aliases.ts';

test.each(['Phone number', 'MSISDN', 'Teléfono', 'Tele\u0301fono', '- tel. no. -', '手机号码'])(
  '%s names a column of numbers',
  (cell) => {
    expect(isNumberHeader(cell)).toBe(true);
  },
);

test('what is no name does not, nor what is longer than any: it is not looked into', () => {
  for (const cell of ['Age', '', `phone${' '.repeat(100)}`, `phone${'\u0301\u0316'.repeat(5_000)}`])
    expect(isNumberHeader(cell)).toBe(false);
});
