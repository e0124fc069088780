import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import {
  defaultWorkbookLimits,
  openArchive,
  openFileBytes,
  openNamelessFile,
  readMember,
} from '@rollcall/spreadsheets';
import { makeXlsx, makeZip } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { blankFile } from './blank-file.ts';
import { spellingsOfNumber } from './number-blanker.ts';

const number = 447_911_123_456;
const spellings = spellingsOfNumber(number, '44');
const isErased = (digits: string) => spellings.has(digits);

/** What becomes of a file; its bytes where it was written anew. */
async function blanked(bytes: Uint8Array) {
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile(bytes);
    const made = await blankFile(file, { isErased, temporaryDirectory: tmpdir() });
    if (made.kind !== 'blanked') return { kind: made.kind, found: 0, bytes: Buffer.alloc(0) };
    const stream = made.file.createReadStream({ start: 0, autoClose: false });
    const result = { kind: made.kind, found: made.found, bytes: await buffer(stream) };
    await made.file.close();
    return result;
  } finally {
    await file.close();
  }
}

/** The members of an archive, as text. */
async function membersOf(bytes: Uint8Array): Promise<Record<string, Buffer>> {
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile(bytes);
    const archive = await openArchive(await openFileBytes({ fd: file.fd }), defaultWorkbookLimits);
    const members: Record<string, Buffer> = {};
    for (const [name, entry] of archive.members) {
      members[name] = await buffer(readMember(archive, entry, defaultWorkbookLimits));
    }
    return members;
  } finally {
    await file.close();
  }
}

const table = '+447911123456,yes\n447911123457,no\n';
const without = '+000000000000,yes\n447911123457,no\n';

test('a text is written anew with zeros, and one without the number is left as it is', async () => {
  const text = await blanked(Buffer.from(table));
  expect([text.found, text.bytes.toString()]).toEqual([1, without]);
  expect(await blanked(Buffer.from(without))).toMatchObject({ kind: 'clean' });
  expect(await blanked(Buffer.alloc(0))).toMatchObject({ kind: 'clean' });
});

test('a number that lies across two pieces of a large file is found', async () => {
  const line = '447911000000,no\n';
  const text = line.repeat(20_000) + table;
  for (const shift of ['', 'x', 'xx', 'xxxxx', 'xxxxxxxxxxx']) {
    const { found, bytes } = await blanked(Buffer.from(shift + text));
    expect(found).toBe(1);
    expect(bytes.toString()).toBe(shift + line.repeat(20_000) + without);
  }
});

test('a stray NUL makes no other file of a text: the number goes, and the other lines stay', async () => {
  const text = await blanked(Buffer.from(`${table}447911123458,\0\n`));
  expect([text.found, text.bytes.toString()]).toEqual([1, `${without}447911123458,\0\n`]);
});

test('a text that asks for the most digests lets the event loop turn in between', async () => {
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile('1 2 3 4 5 6 7 8 9 0 '.repeat(10_000));
    let asked = 0;
    let most = 0;
    const turns = setInterval(() => {
      most = Math.max(most, asked);
      asked = 0;
    }, 0);
    const count = () => {
      asked += 1;
      return false;
    };
    const made = await blankFile(file, { isErased: count, temporaryDirectory: tmpdir() });
    clearInterval(turns);
    expect(made.kind).toBe('clean');
    expect(most).toBeGreaterThan(0);
    expect(Math.max(most, asked)).toBeLessThan(500_000);
  } finally {
    await file.close();
  }
});

test('every member of an archive is looked into, a workbook within it too, and the others stay as they were', async () => {
  const workbook = await makeXlsx([['phone'], ['+44 7911 123456'], [447_911_123_456], ['x']]);
  const zip = await makeZip({ 'yes.csv': table, 'no.csv': without, 'a/b.xlsx': workbook });
  const { found, bytes } = await blanked(zip);
  expect(found).toBe(3);
  const members = await membersOf(bytes);
  expect(Object.keys(members)).toEqual(['yes.csv', 'no.csv', 'a/b.xlsx']);
  expect(members['yes.csv']?.toString()).toBe(without);
  expect(members['no.csv']?.toString()).toBe(without);
  const sheets = Object.values(await membersOf(members['a/b.xlsx'] ?? Buffer.alloc(0)));
  expect(Buffer.concat(sheets).toString()).toContain('+00 0000 000000');
  expect(Buffer.concat(sheets).toString()).not.toContain('7911');
});

test('a file that cannot be looked into is said to be so: cut, damaged, an archive in one in one, or no text', async () => {
  const zip = await makeZip({ 'yes.csv': table }, { stored: true });
  const cut = zip.subarray(0, zip.length - 30);
  const damaged = Buffer.from(zip);
  damaged[damaged.indexOf('447911123457')] = 0x39;
  const nested = await makeZip({ 'a.zip': await makeZip({ 'b.zip': zip }) });
  const others = [Buffer.from(table, 'utf16le'), gzipSync(table)];
  for (const bytes of [cut, damaged, nested, ...others]) {
    expect(await blanked(bytes)).toMatchObject({ kind: 'unreadable' });
  }
});
