import { describe, expect, test } from 'vitest';
import { compileNormaliser } from './compile-normaliser.ts';
import { compileCleanBytesReader, notClean } from './read-clean-bytes.ts';

function readClean(text: string, region?: string): number {
  const bytes = Buffer.from(`?${text}?`);
  return compileCleanBytesReader(region)(bytes, 1, bytes.length - 1);
}

// The property test proves that the hot path never errs; this one, that it is the path taken.
describe('the hot path reads without the text path', () => {
  test.each([
    ['+447911123456', undefined, 447911123456],
    [' +44 (791) 112-34/56\t', undefined, 447911123456],
    ['+44.7911.123.456', undefined, 447911123456],
    ['447911123456', undefined, 447911123456],
    ['12133734253', undefined, 12133734253],
    ['+12133734253', 'GB', 12133734253],
    ['07911 123456', 'GB', 447911123456],
    ['7911123456', 'GB', 447911123456],
    ['447911123456', 'GB', 447911123456],
    ['(213) 373-4253', 'US', notClean],
    ['213-373-4253', 'US', 12133734253],
    ['1 213 373 4253', 'US', 12133734253],
    ['8 916 123-45-67', 'RU', 79161234567],
    ['0151 12345678', 'DE', 4915112345678],
    ['333 1234567', 'IT', 393331234567],
    ['06 698 12345', 'IT', 390669812345],
    ['098765 43210', 'IN', 919876543210],
    ['13812345678', 'CN', 8613812345678],
  ])('%j in %s', (text, region, number) => {
    expect(readClean(text, region)).toBe(number);
  });
});

describe('the hot path leaves to the text path', () => {
  test.each([
    [''],
    ['+'],
    ['++447911123456'],
    ['+44 7911 123456 x1'],
    ['+44791112345\u0000'],
    ["'+447911123456"],
    ['447911123456.0'],
    ['+447911123456.00 '],
    ['-447911123456'],
    ['00447911123456'],
    ['+9991234567'],
    ['+44791112345'],
    ['+4479111234567'],
    ['+1234567890123456789012345678901234567890'],
  ])('%j', (text) => {
    expect(readClean(text)).toBe(notClean);
  });

  test('a number that begins as its national prefix does, and may have to lose it', () => {
    const text = '+7 800 555 35 35';
    expect(readClean(text)).toBe(notClean);
    expect(compileNormaliser()(text)).toBe(78005553535);
  });
});
