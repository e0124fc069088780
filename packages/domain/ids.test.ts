import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IdKind, idPrefixes, makeId, parseId } from './ids.ts';

const kinds = Object.keys(idPrefixes) as IdKind[];
const kind = fc.constantFrom(...kinds);
/** Until the year 10889: 48 bits of milliseconds. */
const time_ms = fc.nat(2 ** 48 - 1);
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });

test('an id is a prefix and a UUIDv7 of its time, with the version and variant of RFC 9562', () => {
  fc.assert(
    fc.property(kind, time_ms, random, (named, now_ms, bytes) => {
      const id = makeId(named, now_ms, bytes);
      expect(id).toMatch(
        /^[a-z]{3}_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      const hex = id.slice(4).replaceAll('-', '');
      expect(Number.parseInt(hex.slice(0, 12), 16)).toBe(now_ms);
    }),
  );
});

test('every random bit of an id shows: 74 of them', () => {
  const zeros = makeId('job', 0, new Uint8Array(10));
  const shown = new Set<string>();
  for (let bit = 0; bit < 80; bit += 1) {
    const bytes = new Uint8Array(10);
    bytes[bit >> 3] = 1 << (bit & 7);
    const id = makeId('job', 0, bytes);
    if (id !== zeros) shown.add(id);
  }
  expect(shown.size).toBe(74);
});

test('ids sort by the time they were made', () => {
  fc.assert(
    fc.property(time_ms, time_ms, random, random, (one_ms, other_ms, bytes, others) => {
      fc.pre(one_ms < other_ms);
      return makeId('chunk', one_ms, bytes) < makeId('chunk', other_ms, others);
    }),
  );
});

test('an id is read as its own kind and as no other', () => {
  fc.assert(
    fc.property(kind, kind, time_ms, random, (made, asked, now_ms, bytes) => {
      const id = makeId(made, now_ms, bytes);
      return parseId(asked, id) === (made === asked ? id : null);
    }),
  );
});

test.each([
  'job_',
  'job_0190',
  'JOB_01900000-0000-7000-8000-000000000000',
  'job_01900000-0000-7000-8000-00000000000G',
  'job_01900000-0000-7000-8000-000000000000\n',
  ' job_01900000-0000-7000-8000-000000000000',
  "job_01900000-0000-7000-8000-000000000000' or true",
])('%j is no id', (text) => {
  expect(parseId('job', text)).toBeNull();
});

test('an id is not made of too few random bytes', () => {
  expect(() => makeId('job', 0, new Uint8Array(9))).toThrow(RangeError);
});
