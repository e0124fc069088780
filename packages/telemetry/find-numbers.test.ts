import { expect, test } from 'vitest';
import { NumberFinder } from './find-numbers.ts';

const finder = new NumberFinder(['447911177001'], { binary: true });
const integer = Buffer.alloc(8);
integer.writeBigInt64BE(447_911_177_001n);

test.each<[string, string | Buffer]>([
  ['E.164', '{"n":"+447911177001"}'],
  ['digits', 'x447911177001y'],
  ['national', '07911177001'],
  ['without a country code', '7911177001'],
  ['spaces', '+44 7911 177 001'],
  ['dashes and brackets', '(0) 7911-177-001'],
  ['dots', '44.7911.177.001'],
  ['no-break spaces, two at a time', '+44\u00a0\u00a07911\u00a0\u00a0177\u00a0001'],
  ['no-break spaces of Latin-1', Buffer.from('7911\u00a0177\u00a0001', 'latin1')],
  ['blanks of no width', '7911\u200b177\u200b001'],
  ['dashes that break no line', '7911\u2011177\u2011001'],
  ['narrow blanks and a mark of order', '\ufeff7911\u202f177\ufeff001'],
  ['minus signs', '7911\u2212177\u2212001'],
  ['escapes of JSON', '7911\\u200b177\\u2011001'],
  ['a URL', '/v1/numbers/%2B44%207911%20177%20001'],
  ['among other numbers', '447911177000,447911177001'],
  ['joined to others', '447911199999447911177001'],
  ['base64', Buffer.from('{"after":447911177001}').toString('base64url')],
  ['hex', Buffer.from('447911177001').toString('hex')],
  ['a padded trace id', '00-00000000000000000000447911177001-0000000000000001-01'],
  ['a binary integer', Buffer.concat([Buffer.from('x'), integer])],
  ['a binary integer, the other way', Buffer.from(integer).reverse()],
])('a number is found as %s, and what is told of it holds none', (_, text) => {
  const found = finder.find(text);
  expect(found.length).toBeGreaterThan(0);
  expect(JSON.stringify(found)).not.toMatch(/\d{7}/);
});

test.each([
  '447911177002',
  '4479111770',
  'key_44791117-7001-7567-8901-234567890123',
  '0a447911177001000000000000000000',
  '',
  'abc=',
])('another is not: %s', (text) => {
  expect(finder.find(text)).toEqual([]);
});

test('a megabyte of log against 100,000 numbers takes no time to speak of', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => String(447_911_000_000 + index));
  const log = `${JSON.stringify({ level: 'info', job: 'job_01932145-1234-7567-8901-234567890123', counts: { rows: 20_000 } })}\n`;
  const before = process.threadCpuUsage();
  expect(new NumberFinder(many).find(log.repeat(8_000))).toEqual([]);
  expect(process.threadCpuUsage(before).user).toBeLessThan(10_000_000);
});

test.each(['-', 'a', '4'])(
  'a text of one token, %s eight million times, is looked through',
  (each) => {
    const text = `${each.repeat(8_000_000)} +447911177001`;
    expect(finder.find(text).map(({ as }) => as)).toContain('text');
  },
);
