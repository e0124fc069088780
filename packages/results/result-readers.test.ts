import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeXlsx, makeZip, waitFor } from '@rollcall/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { readResult } from './read-result.ts';
import { openResultReaders, type ResultReaders } from './result-readers.ts';
import { ReaderDied, type ResultReader } from './start-result-reader.ts';
import { collect, readBytes, telegramOptions, type WholeRead } from './testing/read-bytes.ts';

const ours = { tenantId: 1, account: 'ekycpro', numbers: 20 };
/** One file after another, however many come at once. */
const inTurn = { smallAtOnce: 1, patience_ms: 60_000 };
const takenOver = join(import.meta.dirname, 'testing/taken-over-reader.ts');
/** However long a busy machine takes from one file to the next. */
const idle_ms = 60_000;

const opened: ResultReaders[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((readers) => readers.close()));
  if ((await children()).length > 0) throw new Error('a reader outlived its readers');
});

function open(...[limits, program]: Parameters<typeof openResultReaders>): ResultReaders {
  const readers = openResultReaders({ idle_ms, ...limits }, program);
  opened.push(readers);
  return readers;
}

/** Reads a file as a worker does: takes a reader, fills its file, reads it, gives it back. */
async function read(
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

async function* outcomesOf(reader: ResultReader, check: string): ReturnType<typeof readResult> {
  return (yield* reader.read({ ...telegramOptions, check })).outcome;
}

/** Processes that this one has started, in the order of their start: those that are kept, when none is in use. Linux tells. */
async function children(): Promise<readonly number[]> {
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

const row = '447911123456,yes\n';
const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => `${447_912_000_000 + n},no,x${n % 7}\n`).join('');
/** From large to small, so that what is left of one would show in the next. */
const files: readonly (() => Promise<string | Buffer>)[] = [
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

describe.runIf(process.platform === 'linux')('readers of results', () => {
  test('one process reads file after file of an account, each as if it were its first', async () => {
    const readers = open();
    await read(readers, row);
    const [first] = await children();
    for (const make of [...files, ...files]) {
      const bytes = await make();
      expect(await read(readers, bytes)).toEqual(await readBytes(bytes));
      expect(await children()).toEqual([first]);
    }
  });

  test("another account's file, and another tenant's, is read by a process that has read none", async () => {
    const readers = open();
    await read(readers, row);
    const [first] = await children();
    await read(readers, row, { whose: { ...ours, account: 'ekycpro-2' } });
    const [, second] = await children();
    await read(readers, row, { whose: { ...ours, tenantId: 11 } });
    const [, , third] = await children();
    expect(await children()).toEqual([first, second, third]);
    expect(new Set([first, second, third, undefined]).size).toBe(4);
    await read(readers, row);
    expect(await children()).toEqual([first, second, third]);
  });

  test('one that has read what cannot be read, or was left early, is not kept', async () => {
    const readers = open();
    expect((await read(readers, '<html>')).outcome.kind).toBe('unreadable');
    expect(await children()).toEqual([]);
    {
      await using reader = await readers.take(ours, false);
      const bytes = Buffer.from(rows(40_000));
      await reader.file.write(bytes, 0, bytes.length, 0);
      expect((await reader.read(telegramOptions).next()).done).toBe(false);
    }
    expect(await children()).toEqual([]);
  });

  test.each([
    ['disk', 'threw'],
    ['late', 'neither batch nor outcome'],
    ['silence', 'before it said how the file is'],
    ['names', 'what its program does not'],
  ])('one that lied (%s) is not kept, not even behind files that it read', async (check, how) => {
    const readers = open({}, takenOver);
    await read(readers, row, { check: 'nothing' });
    expect(await children()).toHaveLength(1);
    await expect(read(readers, row, { check })).rejects.toThrow(how);
    expect(await children()).toEqual([]);
  });

  test('one that was taken and not asked is there for the next', async () => {
    const readers = open();
    for (const isBegun of [true, false]) {
      await using reader = await readers.take(ours, false);
      if (isBegun) reader.begin();
      await reader.file.write(Buffer.from('of a download that broke off'), 0, 20, 0);
    }
    const [first] = await children();
    expect(await read(readers, row)).toEqual(await readBytes(row));
    expect(await children()).toEqual([first]);
  });

  test('where another one died with the file in its hands, a fresh one reads it', async () => {
    const readers = open();
    await read(readers, row);
    const [first] = await children();
    await read(readers, row, { isFresh: true });
    expect(await children()).toEqual([first, expect.any(Number)]);
  });

  test('one that is killed while it waits is no loss to the next file', async () => {
    const readers = open();
    await read(readers, row);
    const [first = 0] = await children();
    process.kill(first, 'SIGKILL');
    const isGone = async () => (await children()).length === 0;
    await waitFor(isGone, { describe: 'it to be gone' });
    expect(await read(readers, row)).toEqual(await readBytes(row));
    expect(await children()).not.toContain(first);
  });

  test('one is ended after so many files, and after it waited for so long', async () => {
    const few = open({ filesOfEach: 2 });
    await read(few, row);
    expect(await children()).toHaveLength(1);
    await read(few, row);
    expect(await children()).toEqual([]);
    const short = open({ idle_ms: 1 });
    await read(short, row);
    const isGone = async () => (await children()).length === 0;
    await waitFor(isGone, { describe: 'the one that nobody took to be ended' });
    expect(await read(short, row)).toEqual(await readBytes(row));
  });

  test('so many are kept: the one that waited longest goes', async () => {
    const readers = open({ idleReaders: 2 });
    for (const account of ['a', 'b', 'a', 'c'])
      await read(readers, row, { whose: { ...ours, account } });
    const kept = await children();
    expect(kept).toHaveLength(2);
    for (const account of ['a', 'c']) await read(readers, row, { whose: { ...ours, account } });
    expect(await children()).toEqual(kept);
  });

  test('files that come at once are read by one process, one after another', async () => {
    const readers = open(inTurn);
    const made = await Promise.all(files.map((make) => make()));
    const all = await Promise.all(made.map((bytes) => read(readers, bytes)));
    expect(await children()).toHaveLength(1);
    expect(all).toEqual(await Promise.all(made.map((bytes) => readBytes(bytes))));
  });

  test('a file waits for so long, and has a process of its own then; where another one died, at once', async () => {
    const [impatient, patient] = [open({ ...inTurn, patience_ms: 1 }), open(inTurn)];
    {
      await using held = await impatient.take(ours, false);
      held.begin();
      expect(await read(impatient, row)).toEqual(await readBytes(row));
    }
    expect(await children()).toHaveLength(2);
    {
      await using held = await patient.take(ours, false);
      held.begin();
      expect(await read(patient, row, { isFresh: true })).toEqual(await readBytes(row));
    }
    expect(await children()).toHaveLength(4);
  });

  test('so many are read at once, and a large one waits for none and is not waited for', async () => {
    const readers = open({ smallAtOnce: 2, patience_ms: 60_000 });
    const large = { ...ours, numbers: 1_000_000 };
    {
      await using one = await readers.take(large, false);
      await using two = await readers.take(large, false);
      one.begin();
      two.begin();
      expect(await read(readers, row)).toEqual(await readBytes(row));
    }
    expect(await children()).toHaveLength(3);
    {
      await using one = await readers.take(ours, false);
      await using two = await readers.take(ours, false);
      await using three = await readers.take(ours, true);
      for (const each of [one, two, three]) each.begin();
      expect(await read(readers, row, { whose: large })).toEqual(await readBytes(row));
      expect(await children()).toHaveLength(4);
    }
    await Promise.all([row, row, row, row, row, row].map((bytes) => read(readers, bytes)));
    expect(await children()).toHaveLength(4);
  });

  test('whoever waits for one that ends has one of its own', async () => {
    const readers = open(inTurn);
    const all = await Promise.all([
      read(readers, '<html>'),
      read(readers, row),
      read(readers, row),
    ]);
    expect(all.map(({ outcome }) => outcome.kind)).toEqual(['unreadable', 'read', 'read']);
    expect(await children()).toHaveLength(1);
  });

  test('whoever waits for one that was killed at its end has one of its own', async () => {
    const readers = open(inTurn);
    const first = await readers.take(ours, false);
    first.begin();
    await first.file.write(Buffer.from(row), 0, row.length, 0);
    await collect(outcomesOf(first, 'telegram'));
    const next = read(readers, row);
    for (const pid of await children()) process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await children()).length === 0, { describe: 'it to be dead' });
    await first[Symbol.asyncDispose]();
    expect(await next).toEqual(await readBytes(row));
  });

  test('of several of one account one goes before the only one of another', async () => {
    const readers = open({ idleReaders: 2 });
    await read(readers, row, { whose: { ...ours, account: 'another' } });
    const only = await children();
    {
      await using one = await readers.take(ours, false);
      await using two = await readers.take(ours, false);
      one.begin();
      two.begin();
    }
    expect(await children()).toHaveLength(2);
    expect(await children()).toEqual(expect.arrayContaining([...only]));
  });

  test('one that holds much after its file is not kept', async () => {
    const readers = open({ atRest: { memory_bytes: 1_048_576, processorTime_ms: 60_000 } });
    await read(readers, row);
    expect(await children()).toEqual([]);
  });

  test('once closed none is kept, and the one in use is ended when it is given back', async () => {
    const readers = open();
    await read(readers, row);
    await using reader = await readers.take({ ...ours, account: 'another' }, false);
    reader.begin();
    await readers.close();
    expect(await children()).toHaveLength(1);
    await reader.file.write(Buffer.from(row), 0, row.length, 0);
    expect((await collect(outcomesOf(reader, 'telegram'))).rows).toEqual([
      '447911123456 registered',
    ]);
    await reader[Symbol.asyncDispose]();
    expect(await children()).toEqual([]);
  });

  test('given back twice it is there once', async () => {
    const readers = open();
    const reader = await readers.take(ours, false);
    reader.begin();
    await reader[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    await using one = await readers.take(ours, false);
    await using other = await readers.take(ours, false);
    expect(one.file.fd).not.toBe(other.file.fd);
  });

  test('what was inflated of a file is gone before the next one', async () => {
    const readers = open({}, takenOver);
    for (const _ of ['first', 'second'])
      expect((await read(readers, row, { check: 'spill' })).attributes).toEqual([{ note: '0' }]);
    expect(await children()).toHaveLength(1);
  });

  test('one that wants too much memory has died where it had read others, and says what the file is where not', async () => {
    const readers = open({}, takenOver);
    await read(readers, row, { check: 'nothing' });
    await expect(read(readers, row, { check: 'memory' })).rejects.toThrow(ReaderDied);
    expect((await read(readers, row, { isFresh: true, check: 'memory' })).outcome).toMatchObject({
      kind: 'unreadable',
      code: 'too_much_memory',
    });
  });

  test('one that was taken over cannot write into its file, where the next one will be', async () => {
    const readers = open({}, takenOver);
    const { attributes } = await read(readers, row, { check: 'write' });
    expect(attributes).toEqual([{ note: 'EBADF' }]);
  });
});
