import { describe, expect, test } from 'vitest';
import { amount, counter, decimalText, readJsonObject, retryAfter_ms } from './json-answer.ts';

describe('readJsonObject', () => {
  test.for(['', 'null', '[]', '"text"', '{"a":', '<html>', '7', '['.repeat(100_000)])(
    'gives null for %.20s',
    (text) => {
      expect(readJsonObject(Buffer.from(text))).toBeNull();
    },
  );

  test('reads an object that is nested 10,000 deep', () => {
    const text = `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    const body = readJsonObject(Buffer.from(text));
    expect(body).not.toBeNull();
  });
});

test.for([
  [0, 0],
  [2049, 2049],
  [-1, null],
  [1.5, null],
  [Number.POSITIVE_INFINITY, null],
  [2 ** 53, null],
  ['7', null],
  [null, null],
  [undefined, null],
])('a counter of %s is %s', ([value, expected]) => {
  expect(counter.parse(value)).toBe(expected);
});

test.for([
  [12.5, '12.5'],
  [100, '100'],
  [0, '0'],
  [0.0000005, '0.0000005'],
  [-3, '-3'],
  ['12.50', '12.50'],
  ['1e3', null],
  ['', null],
  [Number.NaN, null],
  [1e20, null],
  [{}, null],
])('the decimal of %s is %s', ([value, expected]) => {
  expect(decimalText(value)).toBe(expected);
});

test('an amount is understood with or without a currency, and nothing else is', () => {
  expect(amount.parse({ amount: 1.5, currency: 'USD' })).toEqual({
    amount: '1.5',
    currency: 'USD',
  });
  expect(amount.parse({ amount: '1.5' })).toEqual({ amount: '1.5', currency: null });
  expect(amount.parse({ amount: 'much' })).toBeNull();
  expect(amount.parse(5)).toBeNull();
});

test.for([
  ['30', 30_000],
  ['0', 0],
  ['Thu, 01 Jan 1970 00:00:20 GMT', 10_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['999999999', 86_400_000],
  ['soon', null],
])('Retry-After: %s is %s ms', ([text, expected]) => {
  expect(retryAfter_ms({ 'retry-after': String(text) }, 10_000)).toBe(expected);
});
