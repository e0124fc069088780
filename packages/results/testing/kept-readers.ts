import { readdir, readFile } from 'node:fs/promises';
import { makeXlsx, makeZip } from '@rollcall/testing';
import { afterEach, expect } from 'vitest';
import type { readResult } from '../read-result.ts';
import { openResultReaders, type ResultReaders } from '../result-readers.ts';
import type { ResultReader } from '../start-result-reader.ts';
import { collect, telegramOptions, type WholeRead } from './read-bytes.ts';

export const ours = { tenantId: 1, account: 'ekycpro', numbers: 20 };
/** However long a busy machine takes from one file to the next. */
const idle_ms = 60_000;

// The readers of a test file are its own.
const opened: ResultReaders[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((readers) => readers.close()));
  if ((await children()).length > 0) throw new Error('a reader outlived its readers');
});

/** Readers that are closed after the test. */
export function openReaders(
  ...[limits, program]: Parameters<typeof openResultReaders>
): ResultReaders {
  const readers = openResultReaders({ idle_ms, ...limits }, program);
  opened.push(readers);
  return readers;
}

/** Reads a file as a worker does: takes a reader, fills its file, reads it, gives it back. */
export async function read(
  readers: ResultReaders,
  bytes: string | Buffer,
  { whose = ours, isFresh = false, check = 'telegram' } = {},
): Promise<WholeRead> {
  await using reader = await readers.take(whose, isFresh);
  expect(await reader.file.stat()).toMatchObject({ size: 0 });
  reader.begin();
  await reader.file.write(Buffer.from(bytes), 0, Buffer.byteLength(bytes), 0);
  return await collect(outcomesOf(reader, check));
}

export async function* outcomesOf(
  reader: ResultReader,
  check: string,
): ReturnType<typeof readResult> {
  return (yield* reader.read({ ...telegramOptions, check })).outcome;
}

/** Processes that this one has started, in the order of their start: those that are kept, when none is in use. Linux tells. */
export async function children(): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/self/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists
    .join(' ')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .toSorted((a, b) => a - b);
}

export const row = '447911123456,yes\n';
export const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => `${447_912_000_000 + n},no,x${n % 7}\n`).join('');
/** From large to small, so that what is left of one would show in the next. */
export const files: readonly (() => Promise<string | Buffer>)[] = [
  async () => `number,telegram,note\n${rows(40_000)}`,
  () => makeZip({ 'all.csv': `number,telegram,further\n${rows(5_000)}` }),
  async () =>
    makeZip({
      'x.xlsx': await makeXlsx([
        ['Number', 'telegram'],
        ...Array.from({ length: 300 }, (_, n) => [447_913_000_000 + n, 'yes']),
      ]),
    }),
  async () =>
    makeZip({
      'y.xlsx': await makeXlsx([
        ['Number', 'telegram'],
        [447_911_123_456, 'no'],
      ]),
    }),
  async () => `number,telegram\n${row}`,
  async () => row,
];
