import { makeZip, rowsXml, sharedStringsXml, sheetXml, workbookMembers } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { codeOf, readBytes } from './testing/read-bytes.ts';

const good = rowsXml([
  ['Number', 'telegram'],
  ['447911123456', 'yes'],
]);

test.each(['fffe', 'feff'])('a sheet of UTF-16 that begins with %s is refused', async (mark) => {
  const members = workbookMembers({ Sheet1: sheetXml(good) });
  const sheet = Buffer.from(`\ufeff${sheetXml(good)}`, 'utf16le');
  const bytes = mark === 'fffe' ? sheet : sheet.swap16();
  expect(await codeOf(await makeZip({ ...members, 'xl/worksheets/sheet1.xml': bytes }))).toBe(
    'unsupported_encoding',
  );
});

test.each([
  ['one that is too long', `<si><t>${'a'.repeat(9_000)}</t></si>`, 'cell_too_large'],
  [
    'one in pieces that are too long together and never end',
    `<si>${`<r><t>${'a'.repeat(4_000)}</t></r>`.repeat(9)}`,
    'cell_too_large',
  ],
])('a workbook is refused for its shared strings: %s', async (_, items, code) => {
  const strings = { 'xl/sharedStrings.xml': sharedStringsXml(items) };
  expect(await codeOf(await makeZip(workbookMembers({ Sheet1: sheetXml(good) }, strings)))).toBe(
    code,
  );
});

test('a workbook whose shared strings are not there, or are none, is refused', async () => {
  const named = workbookMembers(
    { Sheet1: sheetXml(good) },
    { 'xl/sharedStrings.xml': '<other></other>' },
  );
  expect((await readBytes(await makeZip(named))).outcome).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('no table of shared strings'),
  });
  delete named['xl/sharedStrings.xml'];
  expect((await readBytes(await makeZip(named))).outcome).toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('its shared strings are not there'),
  });
});

test.each(['x', '-1', '0'])(
  'a cell that names the shared string %s, where there is none, is refused',
  async (named) => {
    const sheet = sheetXml(`${good}<row><c t="s"><v>${named}</v></c></row>`);
    expect(await codeOf(await makeZip(workbookMembers({ Sheet1: sheet })))).toBe('corrupt');
  },
);

test('every part that is inflated is counted, each as often as it is', async () => {
  const strings = sharedStringsXml('<si><t>yes</t></si>');
  const members = workbookMembers({ Sheet1: sheetXml(good) }, { 'xl/sharedStrings.xml': strings });
  // The workbook for its sheets and for its dates; the sheet for its layout and for its rows.
  const times: Readonly<Record<string, number>> = {
    '[Content_Types].xml': 0,
    'xl/workbook.xml': 2,
    'xl/worksheets/sheet1.xml': 2,
  };
  const sizes = Object.entries(members).map(([name, xml]) => xml.length * (times[name] ?? 1));
  const maxInflatedBytes = sizes.reduce((sum, size) => sum + size, 0);
  const bytes = await makeZip(members);
  expect(await codeOf(bytes, { limits: { maxInflatedBytes } })).toBe('read');
  const less = { maxInflatedBytes: maxInflatedBytes - 1 };
  expect(await codeOf(bytes, { limits: less })).toBe('too_large');
  // Within an archive it is inflated itself, first.
  const outer = await makeZip({ 'x.xlsx': bytes });
  const more = { maxInflatedBytes: maxInflatedBytes + bytes.length };
  expect(await codeOf(outer, { limits: more })).toBe('read');
  const fewer = { maxInflatedBytes: more.maxInflatedBytes - 1 };
  expect(await codeOf(outer, { limits: fewer })).toBe('too_large');
});
