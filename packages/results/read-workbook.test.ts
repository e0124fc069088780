import {
  makeXlsx,
  makeZip,
  rowsXml,
  sharedStringsXml,
  sheetXml,
  workbookMembers,
} from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { codeOf, readBytes } from './testing/read-bytes.ts';

const header = ['Number', 'telegram'];

function workbook(rows: string, further: Record<string, string> = {}): Promise<Buffer> {
  return makeZip(workbookMembers({ Sheet1: sheetXml(rows) }, further));
}

describe('a workbook', () => {
  test('gives rows from inline strings and from numeric cells', async () => {
    const read = await readBytes(
      await makeXlsx([
        [...header, 'age'],
        ['+447911123456', 'yes', 30],
        [447911123457, 'no', 31],
        ['447911123458', 'ban', ''],
      ]),
    );
    expect(read.rows).toEqual([
      '447911123456 registered',
      '447911123457 not_registered',
      '447911123458 banned',
    ]);
    expect(read.attributes).toEqual([{ age: '30' }, { age: '31' }, null]);
    expect(read.outcome).toEqual({
      kind: 'read',
      format: 'xlsx',
      rows: 3,
      unreadableRows: 0,
      undeterminedRows: 0,
      columns: ['number', 'telegram', 'age'],
      parts: [{ name: 'Sheet1', listed: null, rows: 3 }],
      ignored: [],
      lastRecordTerminated: true,
    });
  });

  test('gives rows from shared strings, rich text and phonetic hints included', async () => {
    const items = [
      '<si><t>Number</t></si>',
      '<si><t>telegram</t></si>',
      '<si><t>+447911123456</t></si>',
      '<si><r><rPr><b/></rPr><t>y</t></r><r><t xml:space="preserve">es</t></r></si>',
      '<si><t>no</t><rPh sb="0" eb="1"><t>NEIN</t></rPh></si>',
      '<si/>',
      '<si><t><![CDATA[<&]]>&amp;&#x41;&#66;</t></si>',
    ].join('');
    const shared = (reference: string, index: number) =>
      `<c r="${reference}" s="1" t="s"><v>${index}</v></c>`;
    const rows = [
      `<row r="1">${shared('A1', 0)}${shared('B1', 1)}</row>`,
      `<row r="2">${shared('A2', 2)}${shared('B2', 3)}${shared('C2', 5)}</row>`,
      `<row r="3"><c r="A3"><v>447911123457</v></c>${shared('B3', 4)}${shared('C3', 6)}</row>`,
    ].join('');
    const bytes = await workbook(rows, { 'xl/sharedStrings.xml': sharedStringsXml(items) });
    const read = await readBytes(bytes);
    expect(read.rows).toEqual(['447911123456 registered', '447911123457 not_registered']);
    expect(read.attributes).toEqual([null, { column_3: '<&&AB' }]);
  });

  test('puts cells where their references say, gaps and missing references included', async () => {
    const rows = [
      '<row><c t="inlineStr"><is><t>name</t></is></c><c r="C1" t="inlineStr"><is><t>Number</t></is></c><c r="E1" t="str"><v>activated</v></c></row>',
      '<row r="3"><c r="C3"><v>447911123456</v></c><c r="E3" t="str"><f>"y"&amp;"es"</f><v>yes</v></c></row>',
      "<row r='4'><c r='E4' t='str'><v>no</v></c><c r='C4'><v>447911123457</v></c></row>",
      '<row r="9"/>',
      '<row r="10"><c r="C10" s="3"/></row>',
    ].join('');
    const read = await readBytes(await workbook(rows));
    expect(read.rows).toEqual(['447911123456 registered', '447911123457 not_registered']);
  });

  test('reads numbers as spreadsheets store them, and refuses to guess lost digits', async () => {
    const values = [
      '447911123456.0',
      '4.47911123456E11',
      '4.479111234E+11',
      '4.4E+11',
      '4.5e2',
      '44.5',
    ];
    const cells = values.map((value) => `<row><c><v>${value}</v></c><c t="b"><v>1</v></c></row>`);
    const read = await readBytes(await workbook(rowsXml([header]) + cells.join('')), {
      verdictWords: { true: 'registered' },
    });
    expect(read.rows).toEqual([
      '447911123456 registered',
      '447911123456 registered',
      '447911123400 registered',
      'NaN registered',
      'NaN registered',
      'NaN registered',
    ]);
    expect(read.unreadable.map(({ problem }) => problem)).toEqual([
      'lost_digits',
      'lost_digits',
      'not_a_number',
    ]);
  });

  test('is read from the first sheet that has a column of numbers', async () => {
    const sheets = {
      About: sheetXml(rowsXml([['Task'], ['done']])),
      Empty: '<worksheet><sheetData/></worksheet>',
      Data: sheetXml(rowsXml([header, ['447911123456', 'yes']])),
      More: sheetXml(rowsXml([header, ['447911123457', 'yes']])),
    };
    const read = await readBytes(await makeZip(workbookMembers(sheets)));
    expect(read.rows).toEqual(['447911123456 registered']);
    expect(read.outcome).toMatchObject({
      parts: [{ name: 'Data', rows: 1 }],
      ignored: ['About', 'Empty', 'More'],
    });
  });

  test('may use namespace prefixes, comments and another place for its parts', async () => {
    const members = workbookMembers({
      Sheet1: sheetXml(rowsXml([header, ['447911123456', 'yes']])),
    });
    const sheet = members['xl/worksheets/sheet1.xml'] as string;
    const prefixed = sheet
      .replaceAll(/<(\/?)(\w)/g, '<$1x:$2')
      .replaceAll('<x:row', '<!-- > a row --><x:row');
    const read = await readBytes(
      await makeZip({ ...members, 'xl/worksheets/sheet1.xml': prefixed }),
    );
    expect(read.rows).toEqual(['447911123456 registered']);
  });

  test('of many pieces loses no row where the pieces meet', async () => {
    const count = 20_000;
    const rows = Array.from({ length: count }, (_, index) => [
      447_000_000_000 + index,
      index % 2 === 0 ? 'yes' : 'no',
      `row &lt;${index}&gt;`,
    ]);
    const read = await readBytes(await makeXlsx([[...header, 'note'], ...rows]));
    expect(read.rows).toEqual(
      rows.map(([number, word]) => `${number} ${word === 'yes' ? 'registered' : 'not_registered'}`),
    );
    expect(read.attributes).toEqual(rows.map((_, index) => ({ note: `row <${index}>` })));
  });
});

describe('a workbook that is damaged or hostile', () => {
  const good = rowsXml([header, ['447911123456', 'yes']]);

  test('without the end of its table is refused, although its CRC is right', async () => {
    const whole = sheetXml(good);
    for (const end of ['</sheetData>', '</row></sheetData>', '</worksheet>']) {
      const cut = whole.slice(0, whole.lastIndexOf(end));
      const bytes = await makeZip(workbookMembers({ Sheet1: cut }));
      expect(await codeOf(bytes)).toBe('cut');
    }
  });

  test('that is cut anywhere is refused', async () => {
    const bytes = await makeXlsx([
      header,
      ...Array.from({ length: 50 }, () => [447911123456, 'yes']),
    ]);
    for (let length = 4; length < bytes.length; length += 37) {
      expect(await codeOf(bytes.subarray(0, length))).toBe('cut');
    }
  });

  test('never gives fewer rows when a byte of its sheet is changed', async () => {
    const bytes = await makeXlsx([
      header,
      ...Array.from({ length: 200 }, (_, n) => [447911000000 + n, 'yes']),
    ]);
    const local = bytes.indexOf('xl/worksheets/sheet1.xml') - 30;
    const data = local + 30 + 'xl/worksheets/sheet1.xml'.length;
    const end = data + bytes.readUInt32LE(local + 18);
    const codes = new Set<string>();
    for (let at = data; at < end; at += 11) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      codes.add(await codeOf(damaged));
    }
    expect(codes).toContain('corrupt');
    expect(codes).not.toContain('read');
  });

  test.each([
    ['a document type', `<!DOCTYPE x [<!ENTITY a "aaaa">]>${sheetXml(good)}`, 'doctype'],
    ['an entity of its own', sheetXml(good.replace('yes', '&boom;')), 'malformed'],
    ['a bare ampersand', sheetXml(good.replace('yes', 'a & b')), 'malformed'],
    ['another encoding', sheetXml(good).replace('UTF-8', 'windows-1251'), 'unsupported_encoding'],
    [
      'only A1 and XFD1048576',
      sheetXml(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
      ),
      'too_many_columns',
    ],
    [
      'a shared string that is not there',
      sheetXml(`${good}<row><c t="s"><v>7</v></c></row>`),
      'corrupt',
    ],
    [
      'a huge cell',
      sheetXml(`${good}<row><c t="str"><v>${'y'.repeat(10_000)}</v></c></row>`),
      'cell_too_large',
    ],
    [
      'a cell without an end',
      sheetXml(`${good}<row><c t="str"><v>${'y'.repeat(300_000)}`),
      'cell_too_large',
    ],
    ['a comment without an end', sheetXml(`${good}<!-- ${'y'.repeat(300_000)}`), 'cell_too_large'],
    [
      'a huge cell in pieces',
      sheetXml(
        `${good}<row><c t="inlineStr"><is>${`<r><t>${'y'.repeat(5_000)}</t></r>`.repeat(9)}`,
      ),
      'cell_too_large',
    ],
    [
      'a cell before the first column',
      sheetXml(`${good}<row><c r="1"><v>1</v></c></row>`),
      'malformed',
    ],
    ['two tables', sheetXml(`${good}</sheetData><sheetData>`), 'malformed'],
    [
      'a table that ends within a row',
      sheetXml(good).replace('</row></sheetData>', '</sheetData></row>'),
      'malformed',
    ],
    [
      'a table that ends after its sheet',
      sheetXml(good).replace('</sheetData></worksheet>', '</worksheet></sheetData>'),
      'malformed',
    ],
    ['a row inside a row', sheetXml(`${good}<row><row></row></row>`), 'malformed'],
    ['no rows', sheetXml(''), 'empty'],
    ['only a header', sheetXml(rowsXml([header])), 'empty'],
    ['no numbers', sheetXml(rowsXml([['Name'], ['Ann']])), 'no_number_column'],
    ['no verdicts', sheetXml(rowsXml([['Number'], ['447911123456']])), 'no_verdict_column'],
  ])('is refused: %s', async (_, sheet, code) => {
    expect(await codeOf(await makeZip(workbookMembers({ Sheet1: sheet })))).toBe(code);
  });

  test('without a sheet is refused', async () => {
    expect(await codeOf(await makeZip(workbookMembers({})))).toBe('no_sheet');
    const { '[Content_Types].xml': types = '' } = workbookMembers({});
    expect(await codeOf(await makeZip({ '[Content_Types].xml': types }))).toBe('no_sheet');
  });

  test('that names one long shared string in every cell is refused before it becomes attributes', async () => {
    const many = '<c t="s"><v>0</v></c>'.repeat(100);
    const rows = `${good}${`<row><c><v>447911123456</v></c>${many}</row>`.repeat(5)}`;
    const long = {
      'xl/sharedStrings.xml': sharedStringsXml(`<si><t>${'é'.repeat(4000)}</t></si>`),
    };
    expect(await codeOf(await workbook(rows, long))).toBe('cell_too_large');
    const short = {
      'xl/sharedStrings.xml': sharedStringsXml(`<si><t>${'e'.repeat(100)}</t></si>`),
    };
    expect(await codeOf(await workbook(rows, short))).toBe('read');
    const limits = { maxAttributeBytes: 40_000 };
    expect(await codeOf(await workbook(rows, short), { limits })).toBe('too_large');
  });

  test('of exploding shared strings is refused while it explodes', async () => {
    const text = '<si><t>'.concat('a'.repeat(4000), '</t></si>');
    const bytes = await workbook(good, {
      'xl/sharedStrings.xml': sharedStringsXml(text.repeat(6_000)),
    });
    expect(bytes.length).toBeLessThan(100_000);
    expect(await codeOf(bytes)).toBe('too_large');
    const many = sharedStringsXml('<si/>'.repeat(1000));
    expect(
      await codeOf(await workbook(good, { 'xl/sharedStrings.xml': many }), {
        limits: { maxSharedStrings: 999 },
      }),
    ).toBe('too_large');
    expect(
      await codeOf(
        await workbook(good, { 'xl/sharedStrings.xml': many.replaceAll('<si/>', text) }),
        {
          limits: { maxSharedStringBytes: 2_000_000 },
        },
      ),
    ).toBe('too_large');
  });
});
