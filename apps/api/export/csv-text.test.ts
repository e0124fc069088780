import { describe, expect, test } from 'vitest';
import { csvText } from './csv-text.ts';

describe('CSV', () => {
  test('cells are quoted where RFC 4180 asks for it, and only there', () => {
    expect(csvText([['a', 'b c', '1,5', 'say "x"', 'two\nlines', 'two\r\nlines', '']])).toBe(
      'a,b c,"1,5","say ""x""","two\nlines","two\r\nlines",\r\n',
    );
  });

  test('with another separator it is that which needs quotes', () => {
    expect(csvText([['1,5', 'a;b', 'c']], ';')).toBe('1,5;"a;b";c\r\n');
    expect(csvText([['1,5', 'a\tb', 'c']], '\t')).toBe('1,5\t"a\tb"\tc\r\n');
  });

  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    [`=cmd|' /C calc'!A0`, `'=cmd|' /C calc'!A0`],
    ['+1+cmd', `'+1+cmd`],
    [`-2+3+cmd|' /C calc'!A0`, `'-2+3+cmd|' /C calc'!A0`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['-A1', `'-A1`],
    ['+1-800', `'+1-800`],
    ['-1E5+A1', `'-1E5+A1`],
    ['--', `'--`],
    ['+447911123456\n=1', `"'+447911123456\n=1"`],
    ['+44 7911\t200000', `'+44 7911\t200000`],
    ['\t=1', `'\t=1`],
    ['\t1', `'\t1`],
    ['\r=1', `"'\r=1"`],
    ['=', `'=`],
  ])('%j, which a spreadsheet may run, begins with an apostrophe', (cell, written) => {
    expect(csvText([[cell]])).toBe(`${written}\r\n`);
  });

  test.each([
    ...['+447911123456', '+1234567', '+123456', '+1234567890123456', '+0123456789'],
    ...['+44 7911 200000', '+44 (0)7911 200000', '+44.7911.200000', '+44\u00a07911 200000'],
    ...['-5', '-5.50', '+5', '-12 %', '-1.5E-7', '-', '+'],
    ...["'=1", ' =1', 'a=1', '1+1', '447911123456', '0044 7911 200000'],
  ])('%j, of which no formula can be made, is left alone', (cell) => {
    expect(csvText([[cell]])).toBe(`${cell}\r\n`);
  });
});
