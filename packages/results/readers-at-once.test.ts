import { waitFor } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import {
  children,
  files,
  openReaders,
  ours,
  outcomesOf,
  read,
  row,
} from './testing/kept-readers.ts';
import { collect, readBytes } from './testing/read-bytes.ts';

/** One file after another, however many come at once. */
const inTurn = { smallAtOnce: 1, patience_ms: 60_000 };

describe.runIf(process.platform === 'linux')('files that come at once', () => {
  test('files that come at once are read by one process, one after another', async () => {
    const readers = openReaders(inTurn);
    const made = await Promise.all(files.map((make) => make()));
    const all = await Promise.all(made.map((bytes) => read(readers, bytes)));
    expect(await children()).toHaveLength(1);
    expect(all).toEqual(await Promise.all(made.map((bytes) => readBytes(bytes))));
  });

  test('a file waits for so long, and has a process of its own then; where another one died, at once', async () => {
    const [impatient, patient] = [openReaders({ ...inTurn, patience_ms: 1 }), openReaders(inTurn)];
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
    const readers = openReaders({ smallAtOnce: 2, patience_ms: 60_000 });
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
    const readers = openReaders(inTurn);
    const all = await Promise.all([
      read(readers, '<html>'),
      read(readers, row),
      read(readers, row),
    ]);
    expect(all.map(({ outcome }) => outcome.kind)).toEqual(['unreadable', 'read', 'read']);
    expect(await children()).toHaveLength(1);
  });

  test('whoever waits for one that was killed at its end has one of its own', async () => {
    const readers = openReaders(inTurn);
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
    const readers = openReaders({ idleReaders: 2 });
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
});
