import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrub, scrubNumber } from './scrub.ts';

test.each([
  ['invalid input syntax: "4915112345678"', 'invalid input syntax: "[number]"'],
  ['called +49 151 1234-5678 twice', 'called [number] twice'],
  ['(0151) 12 34 56 78', '([number]'],
  ['06.12.34.56.78', '[number]'],
  ['tel:%2B14155550100', 'tel:%2B[number]'],
  ['٠١٢٣٤٥٦٧٨', '[number]'],
  ['x4915112345678y', 'x[number]y'],
])('a phone number is masked however it is written: %s', (text, masked) => {
  expect(scrub(text)).toBe(masked);
});

test.each([
  ['Authorization: Bearer rc_live_ab12_s3cr3t', 'Authorization: Bearer [key]'],
  ['authorization=Basic dXNlcjpwYXNz', 'authorization=Basic [key]'],
  ['X-API-Key: abcdef', 'X-API-Key: [key]'],
  ['{"x-api-key":"abcdef","a":1}', '{"x-api-key":"[key]","a":1}'],
  ['key rc_live_ab12_s3cr3t refused', 'key rc_live_[key] refused'],
  ['postgres://rollcall:pa55@db/rollcall', 'postgres://[key]db/rollcall'],
  ['redis://:pa55@cache:6379', 'redis://[key]cache:6379'],
  [
    'GET https://files.example/a.zip?X-Sig=abc&e=1 failed',
    'GET https://files.example/a.zip?[key] failed',
  ],
  ['GET https://files.example/a.zip failed', 'GET https://files.example/a.zip failed'],
])('a credential is masked wherever it stands: %s', (text, masked) => {
  expect(scrub(text)).toBe(masked);
});

test.each([
  'chunk chk_01932145-1234-7567-8901-234567890123 is gone',
  'uuid 01932145-1234-7567-8901-234567890123',
  'connect ECONNREFUSED 127.0.0.1:35432',
  'since 2026-11-21T20:33:00.123Z',
  'at run (file.ts:1034:57)',
  '999999 rows, 12 chunks',
])('ids, addresses, times and small counts stay readable: %s', (text) => {
  expect(scrub(text)).toBe(text);
});

test('no run of seven digits is left of any text, except in what is known to be harmless', () => {
  const pieces = fc.oneof(
    fc.string(),
    fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }).map(String),
    fc.constantFrom(' ', '+', '-', '.', '(', ')', '/', 'Bearer ', '@', '://', '?'),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (texts) => {
      expect(scrub(texts.join(''))).not.toMatch(/\d{7}/);
    }),
    { numRuns: 2_000 },
  );
});

test('a text without an end is looked at in bounded time', () => {
  // Each start of a URL is looked for an end: quadratic, 40 s where all of it is looked at. In the processor's time, which others on
  // the machine do not take from it.
  const before = process.threadCpuUsage();
  expect(scrub('https://'.repeat(50_000)).length).toBeLessThan(20_000);
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
});

test('a number too large to be a count is masked, smaller ones stay', () => {
  expect(scrubNumber(10_000_000)).toBe(10_000_000);
  expect(scrubNumber(4915112345678)).toBe('[number]');
  expect(scrubNumber(4915112345678n)).toBe('[number]');
  expect(scrubNumber(Number.NaN)).toBe('[number]');
});

test.each(['http://', 'a://'])('a text of nothing but %j is looked at once', (repeated) => {
  const text = repeated.repeat(16_000);
  const scrubAll = () => Array.from({ length: 200 }, () => scrub(text)).length;
  // Takes a second or two. The timeout is there to end what would take many minutes.
  expect(runInNewContext('scrubAll()', { scrubAll }, { timeout: 60_000 })).toBe(200);
});
