// Over 300 lines: all that becomes of an archive, read or refused, is told by the same few rows.

import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { openNamelessFile } from '@rollcall/spreadsheets';
import { directoryRecord, makeXlsx, makeZip, renameInZip } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { codeOf, readBytes } from './testing/read-bytes.ts';

const table = 'number,activated\n447911123456,yes\n447911123457,no\n';
const tableRows = ['447911123456 registered', '447911123457 not_registered'];

describe('an archive', () => {
  test('is read from the table before lists and workbooks', async () => {
    const bytes = await makeZip({
      'activated.txt': '447911123499\n',
      'unregistered.txt': '447911123498\n',
      'result.xlsx': await makeXlsx([
        ['Number', 'telegram'],
        [447911123497, 'yes'],
      ]),
      'export/all.csv': `\ufeff${table}`,
      'part.csv': 'number,activated\n447911123496,yes\n',
    });
    const read = await readBytes(bytes);
    expect(read.rows).toEqual(tableRows);
    expect(read.outcome).toMatchObject({
      kind: 'read',
      format: 'zip:csv',
      parts: [{ name: 'export/all.csv', listed: null, rows: 2 }],
      ignored: ['activated.txt', 'unregistered.txt', 'result.xlsx', 'part.csv'],
    });
  });

  test('is read from all its tables where none is called all', async () => {
    const bytes = await makeZip({
      'a.csv': table,
      'b.csv': 'Phone;telegram;age\n447911123458;ban;9\n',
    });
    const read = await readBytes(bytes);
    expect(read.rows).toEqual([...tableRows, '447911123458 banned']);
    expect(read.attributes).toEqual([null, null, { age: '9' }]);
  });

  test.each([[false], [true]])('is read from a workbook inside it (stored: %s)', async (stored) => {
    const inner = await makeXlsx([
      ['Number', 'telegram'],
      ['+447911123456', 'yes'],
      [447911123457, 'no'],
    ]);
    const spill = await openNamelessFile(tmpdir());
    const bytes = await makeZip({ 'd4g24nep.xlsx': inner, 'readme.txt': 'Thank you.' }, { stored });
    const read = await readBytes(bytes, { spill });
    expect(read.rows).toEqual(tableRows);
    expect(read.outcome).toMatchObject({ format: 'zip:xlsx', ignored: ['readme.txt'] });
    expect((await spill.stat()).size).toBe(inner.length);
    await spill.close();
    expect((await readBytes(bytes)).rows).toEqual(tableRows);
  });

  test.each([
    ['activated.txt', 'unregistered.txt'],
    ['registered.txt', 'unregistered.txt'],
    ['x_Registered.txt', 'x_Not-Registered.txt'],
    ['out/active.csv', 'out/inactive.csv'],
  ])('is read from the two lists %s and %s', async (positive, negative) => {
    const bytes = await makeZip({ [negative]: '447911123457\n', [positive]: '+447911123456\r\n' });
    const read = await readBytes(bytes);
    expect(read.rows).toEqual(['447911123457 not_registered', '447911123456 registered']);
    expect(read.outcome).toMatchObject({
      format: 'zip:txt',
      parts: [
        { name: negative, listed: 'not_registered', rows: 1 },
        { name: positive, listed: 'registered', rows: 1 },
      ],
    });
  });

  test('may hold an empty list beside its counterpart, which is an answer', async () => {
    const read = await readBytes(
      await makeZip({ 'activated.txt': '', 'unregistered.txt': '447911123457' }),
    );
    expect(read.rows).toEqual(['447911123457 not_registered']);
    expect(await codeOf(await makeZip({ 'activated.txt': '', 'unregistered.txt': '' }))).toBe(
      'empty',
    );
  });

  test('of one list is read only where the account says what being listed means', async () => {
    const positive = await makeZip({ 'activated.txt': '447911123456\n' });
    expect(await codeOf(positive)).toBe('one_sided');
    const read = await readBytes(positive, { semantics: 'positives_only' });
    expect(read.rows).toEqual(['447911123456 registered']);
    expect(await codeOf(positive, { semantics: 'negatives_only' })).toBe('semantics_mismatch');
    const negative = await makeZip({ 'unregistered.txt': '447911123456\n' });
    expect(await codeOf(negative, { semantics: 'positives_only' })).toBe('semantics_mismatch');
    const nameless = await makeZip({ 'a.txt': '447911123456\n', 'b.txt': '447911123457\n' });
    expect(await codeOf(nameless, { semantics: 'positives_only' })).toBe('no_table');
  });

  test('leaves desktop clutter and folders alone', async () => {
    const bytes = await makeZip({
      '__MACOSX/._all.csv': Buffer.from('1f8b0800', 'hex'),
      '.DS_Store': '\0\0\0\x01Bud1',
      'all.csv': table,
    });
    expect((await readBytes(bytes)).rows).toEqual(tableRows);
  });

  test('that was written as a stream, sizes behind the data, is read by its directory', async () => {
    const zip = new ZipFile();
    zip.addReadStream(Readable.from([Buffer.from(table)]), 'all.csv');
    zip.end();
    expect((await readBytes(await buffer(zip.outputStream))).rows).toEqual(tableRows);
  });

  test('without a last line end in its member is whole, for sizes and CRC prove it', async () => {
    const read = await readBytes(await makeZip({ 'all.csv': 'number,activated\n447911123456,y' }));
    expect(read.outcome).toMatchObject({ kind: 'read', rows: 1, lastRecordTerminated: true });
  });
});

describe('an archive that is damaged or hostile', () => {
  test('and cut anywhere is refused', async () => {
    const bytes = await makeZip({ 'all.csv': table });
    for (let length = 4; length < bytes.length; length++) {
      expect(await codeOf(bytes.subarray(0, length))).toBe('cut');
    }
  });

  test.each([[false], [true]])(
    'never gives other rows when any byte is changed (stored: %s)',
    async (stored) => {
      const bytes = await makeZip({ 'all.csv': table }, { stored });
      const given = new Set<string>();
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 0x01;
        const { outcome, rows } = await readBytes(damaged);
        given.add(outcome.kind === 'read' ? rows.join() : 'refused');
      }
      expect([...given].toSorted()).toEqual([tableRows.join(), 'refused']);
    },
  );

  test('never leaves out a table because it is broken', async () => {
    const broken = 'number,activated\n447911123458,"yes"x\n';
    expect(await codeOf(await makeZip({ 'a.csv': table, 'b.csv': broken }))).toBe('malformed');
  });

  test.each([
    ['a name that climbs out', '../../x.csv'],
    ['an absolute name', '/etc/pass.csv'],
    ['a drive', 'C:/x/pas.csv'],
    ['a climbing name with backslashes', '..\\..\\x.csv'],
    ['a name with a zero in it, where others end names', 'x.csv\0.txt'],
  ])('is refused: %s', async (_, name) => {
    const plain = 'n'.repeat(name.length);
    const bytes = renameInZip(await makeZip({ [plain]: table }), plain, name);
    const { outcome } = await readBytes(bytes);
    expect(outcome).toMatchObject({ code: 'unsafe_member' });
  });

  test('is refused: a symbolic link', async () => {
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from('/etc/passwd'), 'all.csv', { mode: 0o120777 });
    zip.end();
    expect(await codeOf(await buffer(zip.outputStream))).toBe('unsafe_member');
  });

  test('is refused: encrypted members', async () => {
    const bytes = await makeZip({ 'all.csv': table });
    bytes[directoryRecord(bytes) + 8] = 1;
    expect(await codeOf(bytes)).toBe('encrypted');
    bytes[directoryRecord(bytes) + 8] = 0x41;
    expect(await codeOf(bytes)).toBe('encrypted');
  });

  test('is refused: an unknown compression', async () => {
    const bytes = await makeZip({ 'all.csv': table });
    bytes[directoryRecord(bytes) + 10] = 14;
    expect(await codeOf(bytes)).toBe('unsupported_compression');
  });

  test('is refused: an archive in the archive', async () => {
    const inner = await makeZip({ 'all.csv': table });
    expect(await codeOf(await makeZip({ 'inner.xlsx': inner }))).toBe('nested_archive');
    expect(await codeOf(await makeZip({ 'all.csv': table, 'more.zip': inner }))).toBe(
      'nested_archive',
    );
    const gzip = Buffer.from('1f8b0800', 'hex');
    expect(await codeOf(await makeZip({ 'all.csv.gz': gzip }))).toBe('nested_archive');
    const rar = { 'all.csv': table, 'x.rar': Buffer.from('526172211a0700', 'hex') };
    expect(await codeOf(await makeZip(rar))).toBe('nested_archive');
  });

  test('is refused: two members of one name', async () => {
    const bytes = renameInZip(await makeZip({ 'all.csv': table, 'alt.csv': table }), 'alt', 'all');
    expect(await codeOf(bytes)).toBe('unsafe_member');
  });

  test('is refused: sizes and CRC that lie', async () => {
    const bytes = await makeZip({ 'all.csv': table });
    for (const [offset, change] of [
      [24, 1],
      [24, -1],
      [16, 1],
      [20, -1],
    ] as const) {
      const lying = Buffer.from(bytes);
      const at = directoryRecord(lying) + offset;
      lying.writeUInt32LE(lying.readUInt32LE(at) + change, at);
      expect(await codeOf(lying), `offset ${offset}`).toBe('corrupt');
    }
  });

  test('is refused: bytes behind the end of the deflated data', async () => {
    const bytes = await makeZip({ 'all.csv': table });
    const end = 30 + 'all.csv'.length + bytes.readUInt32LE(18);
    const longer = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(4), bytes.subarray(end)]);
    const directory = directoryRecord(longer);
    longer.writeUInt32LE(longer.readUInt32LE(18) + 4, 18);
    longer.writeUInt32LE(longer.readUInt32LE(directory + 20) + 4, directory + 20);
    longer.writeUInt32LE(directory, longer.lastIndexOf('504b0506', undefined, 'hex') + 16);
    expect((await readBytes(longer)).outcome).toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('its size is not the one'),
    });
  });

  test.each([
    ['name', 30],
    ['compression', 8],
  ])("is refused: a member's own header that gives another %s", async (_, offset) => {
    const bytes = await makeZip({ 'all.csv': table });
    bytes[offset] = (bytes[offset] as number) ^ 0x08;
    expect((await readBytes(bytes)).outcome).toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('contradicts the directory'),
    });
  });

  test('is refused: members that are small alone and too large together', async () => {
    const bytes = await makeZip({ 'a.csv': table, 'b.csv': table, 'c.csv': table });
    const limits = { maxInflatedBytes: table.length * 3 };
    expect(await codeOf(bytes, { limits })).toBe('read');
    expect(await codeOf(bytes, { limits: { maxInflatedBytes: table.length * 3 - 1 } })).toBe(
      'too_large',
    );
  });

  test('is refused: a count of members that hides some', async () => {
    const bytes = await makeZip({ 'activated.txt': '447911123456\n', 'all.csv': table });
    const end = bytes.lastIndexOf('504b0506', undefined, 'hex');
    bytes.writeUInt16LE(1, end + 8);
    bytes.writeUInt16LE(1, end + 10);
    expect(await codeOf(bytes)).toBe('corrupt');
  });

  test('is refused: too many members', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${n}.txt`, '']));
    expect(await codeOf(await makeZip(many))).toBe('too_many_entries');
  });

  test('is refused: no members, no table, only words', async () => {
    expect(await codeOf(await makeZip({}))).toBe('empty');
    expect(await codeOf(await makeZip({ 'readme.txt': 'Thank you.', 'x.html': '<html>' }))).toBe(
      'no_table',
    );
  });

  test('is refused: a bomb, while it inflates', async () => {
    const bomb = await makeZip({ 'all.csv': `${table}${'\n'.repeat(17_500_000)}` });
    expect(bomb.length).toBeLessThan(100_000);
    expect(await codeOf(bomb)).toBe('too_large');
  });

  test('is refused: a bomb that says that it is small, before it inflates', async () => {
    const bomb = await makeZip({ 'all.csv': `${table}${'\n'.repeat(17_500_000)}` });
    bomb.writeUInt32LE(table.length, directoryRecord(bomb) + 24);
    expect(await codeOf(bomb)).toBe('corrupt');
  });

  test('is refused: two workbooks, of which nobody knows which is meant', async () => {
    const inner = await makeXlsx([[447911123456, 'yes']]);
    expect(await codeOf(await makeZip({ 'a.xlsx': inner, 'b.xlsx': inner }))).toBe('no_table');
  });

  test('names the member in the refusal, cut, and without control characters or numbers', async () => {
    const name = `447911123456\x1b[31m${'n'.repeat(300)}.csv`;
    const member = '############ [31m'.padEnd(60, 'n');
    const bytes = await makeZip({ [name]: `${table}"447911123458"x,yes\n${table}` });
    expect((await readBytes(bytes)).outcome).toMatchObject({
      code: 'malformed',
      member,
      row: 4,
      message: `member ${member}: text after a closing quote (row 4)`,
    });
  });
});
