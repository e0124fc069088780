import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { makeZip, rowsXml, sharedStringsXml, sheetXml, workbookMembers } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { a, read, refused } from './read-for-tests.ts';
import { readUploadLines } from './read-upload-lines.ts';

const header = ['Name', 'Phone'];
const good = rowsXml([header, ['Ada', `+${a}`]]);
const members = workbookMembers({ Sheet1: sheetXml(good) });
const wide = { maxLines: 1e7, maxLineBytes: 65_536, maxBytes: 1 << 30 };

function workbook(rows: string, further: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  return makeZip(workbookMembers({ Sheet1: sheetXml(rows) }, further));
}

const styles = (xml: string) => ({ 'xl/styles.xml': `<styleSheet>${xml}</styleSheet>` });

describe('a workbook that cannot be taken', () => {
  test.each<[string, () => Promise<Buffer>, string, string]>([
    [
      'a zip of something else',
      () => makeZip({ 'numbers.csv': `+${a}` }),
      'unsupported_format',
      'zip',
    ],
    [
      'macros',
      () => makeZip({ ...members, 'xl/vbaProject.bin': 'x' }),
      'unsupported_format',
      'macros',
    ],
    ['a binary workbook', () => makeZip({ 'xl/workbook.bin': 'x' }), 'unsupported_format', 'xlsb'],
    [
      'OpenDocument',
      () => makeZip({ mimetype: 'application/vnd.oasis', 'content.xml': '<x/>' }),
      'unsupported_format',
      'ods',
    ],
    [
      'a Word document',
      () => makeZip({ '[Content_Types].xml': '<x/>', 'word/document.xml': '<x/>' }),
      'unsupported_format',
      'worksheet',
    ],
    ['no rows', () => workbook(''), 'empty', 'row'],
    ['a header only', () => workbook(rowsXml([header])), 'empty', 'line'],
    [
      'a hidden sheet only',
      () =>
        makeZip({
          ...members,
          'xl/workbook.xml': (members['xl/workbook.xml'] ?? '').replace(
            'name=',
            'state="hidden" name=',
          ),
        }),
      'empty',
      'visible',
    ],
    [
      'no end of its table',
      () =>
        makeZip(
          workbookMembers({ Sheet1: sheetXml(good).replace('</sheetData></worksheet>', '') }),
        ),
      'bad_xlsx',
      'ends before',
    ],
    [
      'a document type',
      () => makeZip(workbookMembers({ Sheet1: `<!DOCTYPE x [<!ENTITY a "a">]>${sheetXml(good)}` })),
      'bad_xlsx',
      'document type',
    ],
    [
      'a member that leads out',
      () =>
        makeZip({ ...members, 'xx/x': 'x' }).then((zip) =>
          Buffer.from(zip.toString('latin1').replaceAll('xx/x', '../x'), 'latin1'),
        ),
      'bad_xlsx',
      'leads out',
    ],
    [
      'a cell in the last column',
      () => workbook(`${good}<row><c r="XFD1048576"><v>1</v></c></row>`),
      'line_too_long',
      'columns',
    ],
    [
      'a huge cell',
      () => workbook(`${good}<row><c t="str"><v>${'y'.repeat(5_000)}</v></c></row>`),
      'line_too_long',
      'bytes',
    ],
    [
      'a huge row',
      () => workbook(`${good}<row>${`<c t="str"><v>${'y'.repeat(900)}</v></c>`.repeat(5)}</row>`),
      'line_too_long',
      'bytes',
    ],
  ])('is refused for %s', async (_, make, code, words) => {
    const refusal = await refused(await make());
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(words);
    expect(refusal.message).not.toMatch(/\d{7}/);
  });

  test('is refused when it is encrypted', async () => {
    const zip = await makeZip(members);
    const flags = zip.indexOf('504b0102', 0, 'hex') + 8;
    zip.writeUInt16LE(zip.readUInt16LE(flags) | 1, flags);
    const refusal = await refused(zip);
    expect([refusal.code, refusal.message]).toEqual([
      'unsupported_format',
      expect.stringContaining('encrypted'),
    ]);
  });

  test('is refused wherever it is cut', async () => {
    const bytes = await makeZip(members);
    for (let length = 4; length < bytes.length; length += 97) {
      expect((await refused(bytes.subarray(0, length))).code).toBe('bad_xlsx');
    }
  });
});

describe('a workbook that is too much', () => {
  test.each([
    ['cells', `<cellXfs>${'<xf numFmtId="0"/>'.repeat(65_537)}</cellXfs>`],
    ['its own', Array.from({ length: 65_537 }, (_, id) => `<numFmt numFmtId="${id}"/>`).join('')],
  ])('is refused for the formats of %s', async (_, xml) => {
    const refusal = await refused(await workbook(good, styles(xml)), wide);
    expect(refusal.message).toContain('more than 65536 cell formats');
  });

  test('is refused while it explodes: strings, rows, blank rows, ratio', async () => {
    const strings = sharedStringsXml(`<si><t>${'a'.repeat(4_000)}</t></si>`.repeat(20_000));
    const exploding = await workbook(good, { 'xl/sharedStrings.xml': strings });
    expect(exploding.length).toBeLessThan(200_000);
    // The format's own limit, which no setting of the caller's raises.
    expect(await refused(exploding, wide)).toMatchObject({ code: 'too_many_bytes' });
    expect(await refused(exploding, wide)).not.toHaveProperty('limit');
    const blank = await workbook(`${good}${'<row/>'.repeat(10_000)}`);
    const overLines = { code: 'too_many_lines', limit: 'maxLines' };
    expect(await refused(blank, { maxLines: 4_000 })).toMatchObject(overLines);
    const inflates = await workbook(`${good}${`<row><c><v>${a}</v></c></row>`.repeat(10_000)}`);
    expect(inflates.length).toBeLessThan(10_000);
    const small = { maxLines: 1e6, maxBytes: 10_000 };
    expect(await refused(inflates, small)).toMatchObject({
      code: 'too_many_bytes',
      limit: 'maxBytes',
    });
    expect((await refused(inflates, { ...small, maxBytes: inflates.length - 1 })).code).toBe(
      'too_many_bytes',
    );
  });

  test('is refused by what its directory says of its size, before a row is read', async () => {
    const row = `<row><c><v>${a}</v></c><c><v>1</v></c></row>`;
    // A row more than that would be refused as such.
    const maxLines = 10;
    const large = await workbook(good + row.repeat(100_000));
    const tooLarge = { code: 'too_many_bytes', limit: 'maxBytes' };
    expect(await refused(large, { maxLines, maxBytes: 1_000_000 })).toMatchObject(tooLarge);
    const bomb = await workbook(good + row.repeat(600_000));
    expect(await refused(bomb, { maxLines, maxBytes: 1e9 })).toMatchObject({
      code: 'too_many_bytes',
      message: expect.stringContaining('more than 100 times') as string,
    });
  });

  test('leaves no file open and no file behind', async () => {
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const bytes = await makeZip(
      { ...members, 'xl/media/noise.bin': 'n'.repeat(3 << 20) },
      { stored: true },
    );
    const before = await openFiles();
    for (let again = 0; again < 3; again += 1) {
      await (await read(bytes, wide)).close();
      await (await read(gzipSync(bytes), wide)).close();
      expect((await refused(bytes.subarray(0, -1), wide)).code).toBe('bad_xlsx');
    }
    expect(await openFiles()).toBe(before);
  });
});

test('a workbook is read when its turn comes', async () => {
  const bytes = await makeZip(members);
  const done: string[] = [];
  const { promise: turn, resolve: letGo } = Promise.withResolvers<void>();
  const reading = read(bytes, {
    inWorkbookTurn: async (work) => {
      await turn;
      done.push('turn');
      return await work();
    },
  });
  await (await read(`+${a}\n`)).close();
  done.push('text');
  letGo();
  await (await reading).close();
  expect(done).toEqual(['text', 'turn']);
});

test('lines that are read again stop when nobody wants more of them', async () => {
  const rows = Array.from({ length: 30_000 }, () => `<row><c><v>${a}</v></c></row>`);
  const bytes = await workbook(rows.join(''));
  const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  const before = await openFiles();
  async function* once() {
    yield bytes;
  }
  const kept = {
    bytes: once(),
    encoding: 'identity',
    format: 'xlsx',
    defaultRegion: undefined,
  } as const;
  let lines = 0;
  for await (const batch of readUploadLines(kept)) {
    lines += batch.length;
    break;
  }
  expect(lines).toBeGreaterThan(0);
  expect(lines).toBeLessThan(30_000);
  expect(await openFiles()).toBe(before);
});
