import { expect, test } from 'vitest';
import { encodeXid, xidFactory } from './xid.ts';

/** Decodes as base32hex through one big integer, unlike the encoder. */
function decode(id: string): Buffer {
  let value = 0n;
  for (const character of id) value = value * 32n + BigInt(Number.parseInt(character, 32));
  return Buffer.from((value >> 4n).toString(16).padStart(24, '0'), 'hex');
}

test("the vendors' sample ids survive decoding and encoding, and carry the samples' times", () => {
  expect(encodeXid(decode('d4g8o46p2jvh04o9uolg'))).toBe('d4g8o46p2jvh04o9uolg');
  expect(decode('d4g8o46p2jvh04o9uolg').readUInt32BE(0)).toBe(
    Math.floor(Date.parse('2025-11-21T15:58:08Z') / 1000),
  );
  expect(encodeXid(decode('cs9viu7i61pkfs4oavvg'))).toBe('cs9viu7i61pkfs4oavvg');
});

test('new ids are distinct, 20 characters long, and begin with the time', () => {
  const next = xidFactory();
  const ids = Array.from({ length: 1_000 }, () => next(1_763_740_688_916));
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-v]{20}$/);
    expect(decode(id).readUInt32BE(0)).toBe(1_763_740_688);
  }
});
