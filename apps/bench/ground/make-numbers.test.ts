import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { expect, onTestFinished, test } from 'vitest';
import { numberAt, ranges, writeNumbers } from './make-numbers.ts';

test('numbers of every range are valid ones, from its first to its last', () => {
  for (const { first, numbers } of ranges) {
    for (let step = 0; step <= 100; step += 1) {
      const number = `+${first + Math.floor(((numbers - 1) * step) / 100)}`;
      const parsed = parsePhoneNumberFromString(number);
      expect([parsed?.isValid(), parsed?.number], number).toEqual([true, number]);
    }
  }
});

test('places ascend, and 20 million are to be had', () => {
  const count = 20_000_000;
  let before = 0;
  for (let place = 0; place < count; place += 99_991) {
    const number = numberAt(place, count);
    expect(number).toBeGreaterThan(before);
    before = number;
  }
  expect(() => numberAt(0, 100_000_000)).not.toThrow();
  expect(() => numberAt(9_000_000, 100_000_000)).toThrow(RangeError);
});

test('a file has each of its numbers once, in no order, and is the same each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-numbers-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'numbers.txt');
  await writeNumbers(path, 50_000);
  const first = await readFile(path, 'utf8');
  await writeNumbers(path, 50_000);
  expect(await readFile(path, 'utf8')).toBe(first);
  const numbers = first.trimEnd().split('\n').map(Number);
  const expected = Array.from({ length: 50_000 }, (_, place) => numberAt(place, 50_000));
  expect(numbers).not.toEqual(expected);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(expected);
});
