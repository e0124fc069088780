import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programSources } from '@rollcall/confinement';
import { makeXlsx, makeZip } from '@rollcall/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import type { readResult } from './read-result.ts';
import {
  prepareResultReaders,
  ReaderDied,
  type ResultReader,
  startResultReader,
} from './start-result-reader.ts';
import { collect, readBytes, telegramOptions, type WholeRead } from './testing/read-bytes.ts';

type Limits = Parameters<typeof startResultReader>[1];

async function readApart(bytes: string | Buffer, limits?: Limits): Promise<WholeRead> {
  return withFile(bytes, async (file) => {
    await using reader = await startResultReader(file.fd, limits);
    return await collect(outcomesOf(reader));
  });
}

async function withFile<Result>(
  bytes: string | Buffer,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const path = join(tmpdir(), 'result-apart');
  await writeFile(path, bytes);
  try {
    await using file = await open(path);
    return await use(file);
  } finally {
    await rm(path);
  }
}

async function* outcomesOf(reader: ResultReader): ReturnType<typeof readResult> {
  const { outcome } = yield* reader.read(telegramOptions);
  return outcome;
}

const table = [
  'number,telegram,Note,age\n',
  '447911123456,yes,"a ""b"" 漢字\n2",30\n',
  'no number,no,,\n',
  '+447911123457,perhaps,a,31\n',
  ...Array.from({ length: 40_000 }, (_, n) => `${447_912_000_000 + n},no,x${n % 7},${n}\n`),
].join('');

const files: readonly [string, () => Promise<string | Buffer>][] = [
  ['a table', async () => table],
  ['an archive', () => makeZip({ 'all.csv': table })],
  [
    'a workbook in an archive, which it inflates to a file that it was given',
    async () =>
      makeZip({
        'x.xlsx': await makeXlsx([
          ['Number', 'telegram'],
          [447911123456, 'yes'],
        ]),
      }),
  ],
  ['what is no result', async () => '<html>'],
];

test.each(files)('in a process of its own, %s reads as it does here', async (_, make) => {
  const bytes = await make();
  expect(await readApart(bytes)).toEqual(await readBytes(bytes));
});

test('what needs more memory or more of the processor than it may have is unreadable, and says so', async () => {
  const small = await readApart(table, { memory_bytes: 80 * 1_048_576 });
  expect(small.outcome).toMatchObject({ kind: 'unreadable', code: 'too_much_memory' });
  const short = await readApart(table.repeat(20), { processorTime_ms: 60 });
  expect(short.outcome).toMatchObject({ kind: 'unreadable', code: 'took_too_long' });
});

test('what is wrong with the disk is thrown as it is here, for that says nothing of the file', async () => {
  await using folder = await open(tmpdir());
  await using reader = await startResultReader(folder.fd);
  await expect(reader.read(telegramOptions).next()).rejects.toMatchObject({ code: 'EISDIR' });
});

const takenOver = join(import.meta.dirname, 'testing/taken-over-reader.ts');

/** What comes of a reader that lies like this about a file with one row. */
async function readByLiar(lie: string): Promise<WholeRead> {
  return withFile('447911123456,yes\n', async (file) => {
    await using reader = await startResultReader(file.fd, {}, takenOver);
    const outcomes = async function* (): ReturnType<typeof readResult> {
      return (yield* reader.read({ ...telegramOptions, check: lie })).outcome;
    };
    return await collect(outcomes());
  });
}

test.each(['attributes', 'attribute', 'names', 'name', 'control', 'rows'])(
  'one that is not itself any more and lies about its %s is believed nothing, nor filled with it',
  async (lie) => {
    const died = readByLiar(lie);
    await expect(died).rejects.toThrow(ReaderDied);
    await expect(died).rejects.toThrow('it said what its program does not');
  },
);

test.each([
  ['late', 'neither batch nor outcome'],
  ['twice', 'neither batch nor outcome'],
  ['kind', 'neither batch nor outcome'],
  ['silence', 'before it said how the file is'],
])('one that breaks the order of its messages (%s) is believed nothing', async (lie, how) => {
  const died = readByLiar(lie);
  await expect(died).rejects.toThrow(ReaderDied);
  await expect(died).rejects.toThrow(how);
});

test('one that says that a disk is full, which is not, has thrown something else, and its words are masked', async () => {
  const error: unknown = await readByLiar('disk').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toHaveProperty('code');
  expect(String((error as Error).stack)).toContain('ENOSPC, says +############');
  expect(String((error as Error).stack)).not.toContain('447911');
});

test('what one says of a file is cut and masked, save limits and the row', async () => {
  const { outcome } = await readByLiar('message');
  expect(outcome).toMatchObject({
    kind: 'unreadable',
    code: 'corrupt',
    member: 'of ############ ',
    row: 12_000_000,
  });
  const { message } = outcome as Extract<typeof outcome, { kind: 'unreadable' }>;
  expect(message).toMatch(/^call \+## #### ###### \[31m, row 12000000 !+$/);
  expect(message).toHaveLength(300);
});

test('its program is our own code for reading, and nothing that reaches out', async () => {
  const { program } = await programSources(join(import.meta.dirname, 'confined-reader.ts'));
  const builtIn = Object.values(program.resolved).filter((url) => url.startsWith('node:'));
  expect([...new Set(builtIn)].toSorted()).toEqual([
    'node:crypto',
    'node:events',
    'node:fs',
    'node:fs/promises',
    'node:path',
    'node:stream',
    'node:util',
    'node:zlib',
  ]);
});

describe('once readers are prepared', () => {
  beforeAll(async () => {
    await prepareResultReaders();
  });

  test.each(files)('%s reads as it does here', async (_, make) => {
    const bytes = await make();
    expect(await readApart(bytes)).toEqual(await readBytes(bytes));
  });

  test('what is wrong with the disk is thrown as it is here', async () => {
    await using folder = await open(tmpdir());
    await using reader = await startResultReader(folder.fd);
    await expect(reader.read(telegramOptions).next()).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
