import { describe, expect, test } from 'vitest';
import { compileNormaliser } from './compile-normaliser.ts';
import { isKnownRegion } from './numbering-plan.ts';

const international = compileNormaliser();
const british = compileNormaliser('gb');
const american = compileNormaliser('US');
const italian = compileNormaliser('IT');
const brazilian = compileNormaliser('BR');

describe('a cell without a default region', () => {
  test.each([
    ['+447911123456', 447911123456],
    ['447911123456', 447911123456],
    ['00447911123456', 447911123456],
    ['  +44 (0)7911 123-456 ', 447911123456],
    ['+44.7911.123.456', 447911123456],
    ['+44/7911/123456', 447911123456],
    ['(+44) 7911 123456', 447911123456],
    ["'+447911123456", 447911123456],
    ["'447911123456", 447911123456],
    ['tel:+44-7911-123456', 447911123456],
    ['\u202a+44 7911 123456\u202c', 447911123456],
    ['\ufeff+447911123456', 447911123456],
    ['\t+447911123456', 447911123456],
    ['+٤٤٧٩١١١٢٣٤٥٦', 447911123456],
    ['＋４４７９１１１２３４５６', 447911123456],
    ['+44 7911 123456 x12', 447911123456],
    ['+44 7911 123456 ext. 12', 447911123456],
    ['+447911123456;ext=12', 447911123456],
    ['447911123456.0', 447911123456],
    ['+447911123456.00', 447911123456],
    ['+39 06 698 12345', 390669812345],
    ['+1 213 373 4253', 12133734253],
    ['+800 1234 5678', 80012345678],
    ['+4930123456', 4930123456],
  ])('%j is %d', (text, number) => {
    expect(international(text)).toBe(number);
  });

  test.each([
    ['', 'empty_cell'],
    [' \t ', 'empty_cell'],
    ['hello', 'not_a_number'],
    ['=HYPERLINK("http://x")', 'not_a_number'],
    ['=447911123456+1', 'not_a_number'],
    ['@SUM(447911123456)', 'not_a_number'],
    ['\t=447911123456', 'not_a_number'],
    ['+SUM(447911123456;1)', 'not_a_number'],
    ['-447911123456', 'not_a_number'],
    ['4.47911E+11', 'not_a_number'],
    ['1e400', 'not_a_number'],
    ['+4479\u0000111234 56', 'not_a_number'],
    ['+447911123456\u0000', 'not_a_number'],
    ['+447911123456\ud800', 'not_a_number'],
    ['+447911123456 / +447911123457', 'not_a_number'],
    ['44791O123456', 'not_a_number'],
    ['+44 79', 'too_short'],
    ['+', 'not_a_number'],
    ['+4', 'too_short'],
    ['112', 'too_short'],
    ['999', 'too_short'],
    ['123456', 'too_short'],
    ['+4479111234567890', 'too_long'],
    ['1234567890123456', 'too_long'],
    ['9'.repeat(251), 'too_long'],
    ['+999123456789', 'unknown_country'],
    ['+0447911123456', 'unknown_country'],
    ['00999123456789', 'unknown_country'],
    ['+12003734253', 'invalid_for_country'],
    ['07911123456', 'not_international'],
    ['2133734253', 'not_international'],
  ])('%j is rejected as %s', (text, reason) => {
    expect(international(text)).toBe(reason);
  });

  test('a number that /max calls valid but that is longer than E.164 allows is too long', () => {
    // +234 and 14 digits: a Nigerian toll-free number of 17.
    expect(international('+23470012345678901')).toBe('too_long');
  });
});

describe('a cell with a default region', () => {
  test('is national first', () => {
    expect(british('07911 123456')).toBe(447911123456);
    expect(british('7911123456')).toBe(447911123456);
    expect(american('(213) 373-4253')).toBe(12133734253);
    expect(italian('06 698 12345')).toBe(390669812345);
    expect(brazilian('0 15 11 96123-4567')).toBe(5511961234567);
  });

  test('may still be international, with + or the prefix dialled there or neither', () => {
    expect(british('+12133734253')).toBe(12133734253);
    expect(british('00 1 213 373 4253')).toBe(12133734253);
    expect(american('011 44 7911 123456')).toBe(447911123456);
    expect(british('447911123456')).toBe(447911123456);
    expect(british('4915112345678')).toBe(4915112345678);
  });

  test('falls back on 00 where another prefix is dialled', () => {
    expect(american('00447911123456')).toBe(447911123456);
  });

  test('is rejected for what is wrong with it nationally', () => {
    expect(british('112')).toBe('too_short');
    expect(british('999')).toBe('too_short');
    expect(british('0791112345678901')).toBe('too_long');
    expect(american('2003734253')).toBe('invalid_for_country');
  });

  test('reads vanity letters as libphonenumber-js does: as no digits', () => {
    expect(american('1-800-FLOWERS')).toBe('too_short');
    expect(american('1-800-FLOWERS-1')).toBe('not_a_number');
  });
});

test('a region is known in any case, and an unknown one is a bug of the caller', () => {
  expect(isKnownRegion('gb')).toBe(true);
  expect(isKnownRegion('ZZ')).toBe(false);
  expect(isKnownRegion('constructor')).toBe(false);
  expect(() => compileNormaliser('ZZ')).toThrow(/ZZ/);
});
