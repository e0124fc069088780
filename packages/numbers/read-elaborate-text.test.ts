import { expect, test } from 'vitest';
import { compileNormaliser } from './compile-normaliser.ts';

const international = compileNormaliser();
const american = compileNormaliser('US');

test.each([
  ['tel:7911-123456;phone-context=+44', 447911123456],
  ['tel:7911-123456;phone-context=+44;ext=12', 447911123456],
  ['+44-7911-123456;isub=12345;ext=9', 447911123456],
])('a number by RFC 3966 is read with its context: %s', (text, number) => {
  expect(international(text)).toBe(number);
});

test('a context that is a domain leaves the number to the default region', () => {
  expect(american('tel:213-373-4253;phone-context=example1.com')).toBe('not_a_number');
  expect(american('tel:213-373-4253;phone-context=example')).toBe(12133734253);
  expect(american('tel:213-373-4253;phone-context=12.example.')).toBe(12133734253);
});

test('a context that is neither number nor domain makes it no number, at once', () => {
  // libphonenumber-js doubles its time with every label: 20 of them take it 80 ms, 78 fit into a line.
  // In the processor's time, which others on the machine do not take from it.
  const before = process.threadCpuUsage();
  for (let labels = 1; labels <= 78; labels += 1) {
    const text = `1;phone-context=${'11.'.repeat(labels)}!`;
    expect(international(text.slice(0, 250))).toBe('not_a_number');
  }
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
});

test.each([
  ['gaps before nothing', `+447911123456${' ,'.repeat(118)}`],
  ['gaps before a letter', `+447911123456${'\t'.repeat(230)}a1`],
  ['labels', `+4479111${'x1'.repeat(120)}`],
  ['hyphens', `1${'- '.repeat(120)}1a#`],
])('the longest text of %s takes no time to speak of', (_, text) => {
  expect(text.length).toBeLessThanOrEqual(250);
  const before = process.threadCpuUsage();
  for (let again = 0; again < 100; again += 1) international(text);
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
});
