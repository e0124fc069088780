import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { DigestSet } from './digest-set.ts';
import { digestStarts, start_bytes, startOf } from './digest-start.ts';
import { numberDigests } from './number-digests.ts';

const short = { id: 'a', secret: 'a secret of thirty-two characters' };
const long = { id: 'b', secret: 'longer than a block of SHA-256: '.repeat(4) };

test('a digest is the HMAC-SHA-256 of the number as +E.164, under a short secret and under a long one', () => {
  const digests = numberDigests([short, long]);
  for (const { id, secret } of [short, long]) {
    for (const number of [1_000_000, 447_911_123_456, 999_999_999_999_999]) {
      const expected = createHmac('sha256', secret).update(`+${number}`).digest('hex');
      expect(digests.digest(id, number).toString('hex')).toBe(expected);
    }
  }
  expect(digests.currentId).toBe('a');
  expect(digests.all(447_911_123_456).map(({ secretId }) => secretId)).toEqual(['a', 'b']);
  expect(digests.fingerprint('a')).not.toEqual(digests.fingerprint('b'));
});

test('the first bits of a digest are those of HMAC-SHA-256, whatever the number and the secret', () => {
  for (const length of [1, 31, 32, 63, 64, 65, 200]) {
    const secret = Buffer.alloc(length, 'é-secret').toString('latin1');
    const start = digestStarts(secret);
    for (let digits = 7; digits <= 15; digits += 1) {
      for (let times = 0; times < 200; times += 1) {
        const number = Math.floor((1 + Math.random() * 9) * 10 ** (digits - 1));
        const expected = createHmac('sha256', secret).update(`+${number}`).digest();
        expect(start(number), `+${number}`).toBe(startOf(expected));
      }
    }
  }
});

test('a secret that is not configured is never taken for an empty one', () => {
  expect(() => numberDigests([short]).digest('b', 447_911_123_456)).toThrow(
    'no suppression secret b',
  );
});

test('a set finds its numbers, whichever secret each was digested under, and no others', () => {
  const digests = numberDigests([short, long]);
  const listed = Array.from({ length: 2_000 }, (_, index) => 447_911_000_000 + index * 7);
  const entries = listed.map((number, index) => {
    const secretId = index % 2 === 0 ? 'a' : 'b';
    return { secretId, digest: digests.digest(secretId, number) };
  });
  const set = new DigestSet(entries);
  const mayHave = set.asker(digests);
  expect(listed.every(mayHave)).toBe(true);
  const others = Array.from({ length: 5_000 }, (_, index) => 447_921_000_000 + index);
  expect(others.filter(mayHave)).toEqual([]);
  expect(new DigestSet([]).isEmpty).toBe(true);
  expect(new DigestSet([]).asker(digests)(447_911_000_000)).toBe(false);
  // As a list comes from Postgres: the beginnings of its digests, one behind the other.
  const starts = Buffer.concat(
    listed.map((each) => digests.digest('b', each).subarray(0, start_bytes)),
  );
  const packed = new DigestSet([{ secretId: 'b', starts }]).asker(digests);
  expect(listed.every(packed)).toBe(true);
  expect(others.filter(packed)).toEqual([]);
  expect(() => new DigestSet([{ secretId: 'c', starts }]).asker(digests)).toThrow('secret c');
});
