import { expect, test } from 'vitest';
import { digitsOf, parsePhoneNumber } from './phone-number.ts';

test.each(['+447911123456', '447911123456', ' 447911123456'])('%j is a number', (text) => {
  const number = parsePhoneNumber(text);
  expect(number && digitsOf(number)).toBe(447_911_123_456);
});

test.each(['', '+', '0447911123456', '+44791', '+4479111234567890', '44 7911 123456', 'x'])(
  '%j is none',
  (text) => {
    expect(parsePhoneNumber(text)).toBeNull();
  },
);
