import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Spool } from './spool.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-numbers-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

test.each([
  ['in memory', 1000],
  ['on disk', 300_000],
])('bytes put aside %s are read back at any offset', async (_, pieceBytes) => {
  const spool = new Spool(directory);
  const pieces = Array.from({ length: 5 }, (__, at) => Buffer.alloc(pieceBytes, at + 1));
  for (const piece of pieces) await spool.append(piece);
  const whole = Buffer.concat(pieces);
  expect(spool.bytes).toBe(whole.length);
  for (const [offset, length] of [
    [0, whole.length],
    [pieceBytes - 3, pieceBytes + 6],
    [whole.length - 2, 10],
    [whole.length, 10],
  ] as const) {
    const into = Buffer.alloc(length);
    const read = await spool.read(into, offset);
    expect(read).toBe(Math.min(length, whole.length - offset));
    expect(into.subarray(0, read).equals(whole.subarray(offset, offset + read))).toBe(true);
  }
  expect(await readdir(directory)).toEqual([]);
  await spool.close();
  await spool.close();
  await expect(spool.read(Buffer.alloc(1), 0)).rejects.toThrow(/closed/);
});

test('a disk that cannot be written to is an error, not a silence', async () => {
  const spool = new Spool(join(directory, 'missing'));
  await spool.append(Buffer.alloc(10));
  await expect(spool.append(Buffer.alloc(2 << 20))).rejects.toThrow('ENOENT');
  await spool.close();
});
