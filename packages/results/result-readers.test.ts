import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { ReaderDied } from './start-result-reader.ts';
import {
  children,
  files,
  openReaders,
  ours,
  outcomesOf,
  read,
  row,
  rows,
} from './testing/kept-readers.ts';
import { collect, readBytes, telegramOptions } from './testing/read-bytes.ts';

const takenOver = join(import.meta.dirname, 'testing/taken-over-reader.ts');

describe.runIf(process.platform === 'linux')('readers of results', () => {
  test('one process reads file after file of an account, each as if it were its first', async () => {
    const readers = openReaders();
    await read(readers, row);
    const [first] = await children();
    for (const make of [...files, ...files]) {
      const bytes = await make();
      expect(await read(readers, bytes)).toEqual(await readBytes(bytes));
      expect(await children()).toEqual([first]);
    }
  });

  test("another account's file, and another tenant's, is read by a process that has read none", async () => {
    const readers = openReaders();
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
    const readers = openReaders();
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
    const readers = openReaders({}, takenOver);
    await read(readers, row, { check: 'nothing' });
    expect(await children()).toHaveLength(1);
    await expect(read(readers, row, { check })).rejects.toThrow(how);
    expect(await children()).toEqual([]);
  });

  test('one that was taken and not asked is there for the next', async () => {
    const readers = openReaders();
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
    const readers = openReaders();
    await read(readers, row);
    const [first] = await children();
    await read(readers, row, { isFresh: true });
    expect(await children()).toEqual([first, expect.any(Number)]);
  });

  test('one that is killed while it waits is no loss to the next file', async () => {
    const readers = openReaders();
    await read(readers, row);
    const [first = 0] = await children();
    process.kill(first, 'SIGKILL');
    const isGone = async () => (await children()).length === 0;
    await waitFor(isGone, { describe: 'it to be gone' });
    expect(await read(readers, row)).toEqual(await readBytes(row));
    expect(await children()).not.toContain(first);
  });

  test('one is ended after so many files, and after it waited for so long', async () => {
    const few = openReaders({ filesOfEach: 2 });
    await read(few, row);
    expect(await children()).toHaveLength(1);
    await read(few, row);
    expect(await children()).toEqual([]);
    const short = openReaders({ idle_ms: 1 });
    await read(short, row);
    const isGone = async () => (await children()).length === 0;
    await waitFor(isGone, { describe: 'the one that nobody took to be ended' });
    expect(await read(short, row)).toEqual(await readBytes(row));
  });

  test('so many are kept: the one that waited longest goes', async () => {
    const readers = openReaders({ idleReaders: 2 });
    for (const account of ['a', 'b', 'a', 'c'])
      await read(readers, row, { whose: { ...ours, account } });
    const kept = await children();
    expect(kept).toHaveLength(2);
    for (const account of ['a', 'c']) await read(readers, row, { whose: { ...ours, account } });
    expect(await children()).toEqual(kept);
  });

  test('one that holds much after its file is not kept', async () => {
    const readers = openReaders({ atRest: { memory_bytes: 1_048_576, processorTime_ms: 60_000 } });
    await read(readers, row);
    expect(await children()).toEqual([]);
  });

  test('once closed none is kept, and the one in use is ended when it is given back', async () => {
    const readers = openReaders();
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
    const readers = openReaders();
    const reader = await readers.take(ours, false);
    reader.begin();
    await reader[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    await using one = await readers.take(ours, false);
    await using other = await readers.take(ours, false);
    expect(one.file.fd).not.toBe(other.file.fd);
  });

  test('what was inflated of a file is gone before the next one', async () => {
    const readers = openReaders({}, takenOver);
    for (const _ of ['first', 'second'])
      expect((await read(readers, row, { check: 'spill' })).attributes).toEqual([{ note: '0' }]);
    expect(await children()).toHaveLength(1);
  });

  test('one that wants too much memory has died where it had read others, and says what the file is where not', async () => {
    const readers = openReaders({}, takenOver);
    await read(readers, row, { check: 'nothing' });
    await expect(read(readers, row, { check: 'memory' })).rejects.toThrow(ReaderDied);
    expect((await read(readers, row, { isFresh: true, check: 'memory' })).outcome).toMatchObject({
      kind: 'unreadable',
      code: 'too_much_memory',
    });
  });

  test('one that was taken over cannot write into its file, where the next one will be', async () => {
    const readers = openReaders({}, takenOver);
    const { attributes } = await read(readers, row, { check: 'write' });
    expect(attributes).toEqual([{ note: 'EBADF' }]);
  });
});
