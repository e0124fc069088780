import { describe, expect, test } from 'vitest';
import { csvText } from './csv-text.ts';

describe('CSV', () => {
  test('cells are quoted where RFC 4180 asks for it, and only there', () => {
    expect(csvText([['a', 'b c', '1,5', 'say "x"', 'two\nlines', 'two\r\nlines', '']])).toBe(
      'a,b c,"1,5","say ""x""","two\nlines","two\r\nlines",\r\n',
    );
  });

  test('a number as +E.164 is left alone', () => {
    expect(csvText([['+447911123456', '+1234567', '+123456789012345']])).toBe(
      '+447911123456,+1234567,+123456789012345\r\n',
    );
  });

  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1-800', `'+1-800`],
    ['+123456', `'+123456`],
    ['+1234567890123456', `'+1234567890123456`],
    ['+0123456789', `'+0123456789`],
    ['+447911123456\n=1', `"'+447911123456\n=1"`],
    ['-5', `'-5`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\t=1', `'\t=1`],
    ['\r=1', `"'\r=1"`],
  ])('%j, which a spreadsheet would run, begins with an apostrophe', (cell, written) => {
    expect(csvText([[cell]])).toBe(`${written}\r\n`);
  });

  test.each(["'=1", ' =1', 'a=1', '1+1', '447911123456'])('%j is left alone', (cell) => {
    expect(csvText([[cell]])).toBe(`${cell}\r\n`);
  });
});
