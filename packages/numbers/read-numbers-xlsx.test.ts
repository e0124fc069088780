import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { writeWorkbook } from '@rollcall/spreadsheets';
import {
  makeXlsx,
  makeZip,
  rowsXml,
  sharedStringsXml,
  sheetXml,
  workbookMembers,
} from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import {
  a,
  b,
  c,
  digest,
  numbersOf,
  originalOf,
  read,
  refused,
  rejectsOf,
} from './read-for-tests.ts';
import { readUploadLines } from './read-upload-lines.ts';

const header = ['Name', 'Phone'];

function workbook(rows: string, further: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  return makeZip(workbookMembers({ Sheet1: sheetXml(rows) }, further));
}

/** One row of numeric cells below a header that names their column. */
function numericColumn(values: readonly string[]): string {
  const cells = values.map((value) => `<row><c><v>${value}</v></c></row>`);
  return `${rowsXml([['Phone']])}${cells.join('')}`;
}

describe('a workbook', () => {
  test('is read like the csv that it would be saved as, whatever it is called and however it comes in pieces', async () => {
    const rows = [
      header,
      ['Ada', `+${a}`],
      ['Bob', `+${b}`],
      ['Eve', `+${a}`],
      ['Nil', 'none'],
      ['Gap', ''],
    ];
    const bytes = await makeXlsx(rows);
    const csv = rows.map((cells) => cells.join(';')).join('\n');
    await using fromText = await read(csv);
    const expected = {
      ...((await digest(fromText)) as object),
      format: 'xlsx',
      sha: createHash('sha256').update(bytes).digest('hex'),
    };
    for (const size of [1, 1000, bytes.length]) {
      await using intake = await read(bytes, {}, size);
      expect(await digest(intake)).toEqual(expected);
    }
  });

  test('that the writer of exports made is read, rows of several pieces included', async () => {
    async function* rows() {
      for (let batch = 0; batch < 20; batch += 1) {
        yield Array.from({ length: 500 }, (_, row) => [`n ${row}`, `+${b - batch * 500 - row}`]);
      }
    }
    const bytes = await buffer(writeWorkbook({ name: 'n', header, rows: rows() }));
    await using intake = await read(bytes, { maxLines: 10_000 });
    expect([intake.lines, intake.accepted, intake.column]).toEqual([
      10_000,
      10_000,
      { index: 2, name: 'Phone' },
    ]);
    expect((await refused(bytes, { maxLines: 9_999 })).code).toBe('too_many_lines');
  });

  test('gives the digits of numbers that are stored as numbers, exactly', async () => {
    const values = ['447911123456', '4.47911123457E+11', '12133734253.0', '1.2133734254E10'];
    await using intake = await read(await workbook(numericColumn(values)));
    expect(await numbersOf(intake)).toEqual([c, c + 1, a, b]);
  });

  test('rejects numbers that are none, and says as what they are stored', async () => {
    const values = [
      '447911123456.5',
      '4.47911E+11',
      '-447911123456',
      '1234567890123456',
      '1.234567890123456E15',
      '44',
    ];
    await using intake = await read(await workbook(numericColumn(['447911123456', ...values])));
    expect((await rejectsOf(intake)).map(({ line, reason, raw }) => [line, reason, raw])).toEqual([
      [2, 'not_a_number', '447911123456.5'],
      [3, 'not_a_number', '4.47911E+11'],
      [4, 'not_a_number', '-447911123456'],
      [5, 'too_long', '1234567890123456'],
      [6, 'not_a_number', '1.234567890123456E15'],
      [7, 'too_short', '44'],
    ]);
  });

  test('takes the stored values of formulas, and neither dates nor truth values for numbers', async () => {
    const cells = [
      `<c t="str"><f>"+"&amp;A1</f><v>+${a}</v></c>`,
      `<c><f>A1+1</f><v>${b}</v></c>`,
      '<c><f>A1</f></c><c t="str"><v>x</v></c>',
      '<c s="1"><v>45292</v></c>',
      `<c s="1"><v>${c}</v></c>`,
      '<c t="d"><v>2024-01-01</v></c>',
      '<c t="b"><v>1</v></c>',
      '<c t="e"><v>#N/A</v></c>',
      '<c t="inlineStr"><is><t>=HYPERLINK("http://x")</t></is></c>',
      `<c t="inlineStr"><is><t>+${c}_x000D_</t></is></c>`,
    ].map((cell) => `<row>${cell}</row>`);
    const styles =
      '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>';
    const bytes = await workbook(`${rowsXml([['Phone']])}${cells.join('')}`, {
      'xl/styles.xml': styles,
    });
    await using intake = await read(bytes, { column: 'phone' });
    expect(await numbersOf(intake)).toEqual([c, a, b]);
    const rejects = (await rejectsOf(intake)).map(({ line, reason, raw }) => [line, reason, raw]);
    expect(rejects).toEqual([
      [3, 'empty_cell', ''],
      [4, 'not_a_number', '2024-01-01'],
      [5, 'not_a_number', String(c)],
      [6, 'not_a_number', '2024-01-01'],
      [7, 'not_a_number', 'true'],
      [8, 'not_a_number', '#N/A'],
      [9, 'not_a_number', '=HYPERLINK("http://x")'],
    ]);
  });

  test('does not take a column of dates for the one of numbers', async () => {
    const styles = '<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>';
    const rows = [a, b].map(
      (number) => `<row><c t="d"><v>2057-12-31</v></c><c t="str"><v>+${number}</v></c></row>`,
    );
    await using intake = await read(await workbook(rows.join(''), { 'xl/styles.xml': styles }));
    expect([intake.header, intake.column, intake.accepted]).toEqual([undefined, { index: 2 }, 2]);
  });

  test('counts rows with content as lines, and neither blank rows nor what merged cells cover', async () => {
    const rows = [
      rowsXml([header]),
      '<row r="2"/>',
      `<row r="5"><c r="B5" t="str"><v>+${a}</v></c></row>`,
      '<row r="6"><c r="A6" t="str"><v> </v></c><c r="B6"/></row>',
      '<row r="7"><c r="A7" t="str"><v>merged over two rows</v></c></row>',
      '<row r="8"><c r="A8"/><c r="B8"/></row>',
      `<row r="1048576"><c r="B1048576" t="str"><v>+${b}</v></c><c r="D1048576"><v>1</v></c></row>`,
    ];
    const merges =
      '<mergeCells count="1"><mergeCell ref="A7:XFD1048576"/></mergeCells></worksheet>';
    const sheet = sheetXml(rows.join('')).replace('</worksheet>', merges);
    await using intake = await read(await makeZip(workbookMembers({ Sheet1: sheet })));
    expect([intake.lines, intake.accepted, intake.rejected]).toEqual([3, 2, 1]);
    expect((await rejectsOf(intake))[0]).toMatchObject({ line: 2, reason: 'empty_cell' });
  });

  test('is read from the first sheet that is visible and has rows', async () => {
    const sheetOf = (number: number) => sheetXml(rowsXml([['Phone'], [`+${number}`]]));
    const members = workbookMembers({
      Secret: sheetOf(a),
      Deeper: sheetOf(a),
      Empty: sheetXml('<row/><row><c><v> </v></c></row>'),
      List: sheetOf(b),
      More: sheetOf(c),
    });
    members['xl/workbook.xml'] = (members['xl/workbook.xml'] ?? '')
      .replace('name="Secret"', 'name="Secret" state="hidden"')
      .replace('name="Deeper"', 'name="Deeper" state="veryHidden"');
    await using intake = await read(await makeZip(members));
    expect(await numbersOf(intake)).toEqual([b]);
  });

  test('finds its column as a table of text does', async () => {
    const shared = sharedStringsXml(
      ['order', 'mobile', 'phone', `+${a}`, `<r><t>+${`${b}`.slice(0, 6)}</t></r>`]
        .map((item) =>
          item.startsWith('<')
            ? `<si>${item}<r><t>${`${b}`.slice(6)}</t></r></si>`
            : `<si><t>${item}</t></si>`,
        )
        .join(''),
    );
    const cell = (index: number) => `<c t="s"><v>${index}</v></c>`;
    const rows = `<row>${cell(0)}${cell(1)}${cell(2)}</row><row><c><v>17</v></c>${cell(3)}${cell(4)}</row>`;
    const bytes = await workbook(rows, { 'xl/sharedStrings.xml': shared });
    expect((await refused(bytes)).code).toBe('ambiguous_column');
    expect((await refused(bytes, { column: 'fax' })).code).toBe('unknown_column');
    await using byName = await read(bytes, { column: 'PHONE' });
    expect(await numbersOf(byName)).toEqual([b]);
    await using byPlace = await read(bytes, { column: '2' });
    expect(await numbersOf(byPlace)).toEqual([a]);
  });

  test('is kept as it came, plain or gzipped', async () => {
    const bytes = await makeXlsx([['Phone'], [`+${a}`]]);
    await using plain = await read(bytes);
    expect([plain.originalEncoding, plain.originalBytes]).toEqual(['identity', bytes.length]);
    expect(await originalOf(plain)).toEqual(bytes);
    const zipped = gzipSync(bytes);
    await using inflated = await read(zipped);
    expect([inflated.originalEncoding, inflated.format, inflated.accepted]).toEqual([
      'gzip',
      'xlsx',
      1,
    ]);
    expect(gunzipSync(await originalOf(inflated))).toEqual(bytes);
  });

  test('gives every line again with its cells', async () => {
    const bytes = await workbook(
      `${rowsXml([header, ['Ada', a], ['Bob', 'none']])}<row/><row><c r="B5"><v>4.47911123456E11</v></c><c r="D5"><v>0.5</v></c></row>`,
    );
    await using intake = await read(bytes);
    const { format, column, originalEncoding: encoding } = intake;
    const kept = { bytes: intake.original(), encoding, format, column, header: intake.header };
    const lines = [];
    for await (const batch of readUploadLines({ ...kept, defaultRegion: undefined }))
      lines.push(...batch);
    expect(lines).toEqual([
      { line: 1, cells: ['Ada', String(a)], number: a, reason: null },
      { line: 2, cells: ['Bob', 'none'], number: null, reason: 'not_a_number' },
      { line: 3, cells: ['', String(a), '', '0.5'], number: a, reason: null },
    ]);
  });

  test('reads and gives back numbers as they are shown, leading zeros and hours too', async () => {
    const styles =
      '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000000000"/><numFmt numFmtId="165" formatCode="00000"/><numFmt numFmtId="166" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/></cellXfs></styleSheet>';
    const row =
      '<row><c s="1"><v>7911123456</v></c><c s="2"><v>1067</v></c><c s="3"><v>1.25</v></c><c s="3"><v>12133734253</v></c></row>';
    const bytes = await workbook(`${rowsXml([['Phone', 'Code', 'Hours', 'Much']])}${row}`, {
      'xl/styles.xml': styles,
    });
    await using intake = await read(bytes, { defaultRegion: 'GB' });
    const { format, column, originalEncoding: encoding } = intake;
    const kept = { bytes: intake.original(), encoding, format, column, header: intake.header };
    const lines = [];
    for await (const batch of readUploadLines({ ...kept, defaultRegion: 'GB' }))
      lines.push(...batch);
    expect(lines).toEqual([
      { line: 1, cells: ['07911123456', '01067', '30:00', String(c)], number: a, reason: null },
    ]);
    // Hours are no number, however many they are.
    const hours = await read(bytes, { defaultRegion: 'GB', column: 'Much' });
    expect((await rejectsOf(hours)).map(({ reason }) => reason)).toEqual(['not_a_number']);
    await hours.close();
  });
});
