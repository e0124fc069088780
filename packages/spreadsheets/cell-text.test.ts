import { makeZip, sheetXml, workbookMembers } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { cellText, wholeNumberText } from './index.ts';
import { readSheets } from './testing/read-sheets.ts';
import { attributeValue } from './xml-text.ts';

test.each([
  ['447911123456', '447911123456'],
  ['447911123456.0', '447911123456'],
  ['4.47911123456E+11', '447911123456'],
  ['4.47911123456e11', '447911123456'],
  ['4.4791112E11', '447911120000'],
  ['123456789012345', '123456789012345'],
  ['1.23456789012345E14', '123456789012345'],
  ['5E0', '5'],
  // Six digits are what a display leaves of a number.
  ['4.47911E+11', null],
  ['447911123456.5', null],
  ['4.479111234565E3', null],
  ['-447911123456', null],
  ['1234567890123456', null],
  ['1.234567890123456E15', null],
  ['4.47911123456E-11', null],
  ['Infinity', null],
  ['', null],
])('the double %j is the whole number %j', (text, whole) => {
  expect(wholeNumberText(text)).toBe(whole);
});

test.each([
  ['45292', false, '2024-01-01'],
  ['45292.573611111', false, '2024-01-01 13:46:00'],
  ['0.5', false, '12:00:00'],
  ['43830', true, '2024-01-01'],
  ['2024-01-01', false, '2024-01-01'],
  ['-1', false, '-1'],
  ['447911123456', false, '447911123456'],
])('a date of %j days (1904: %j) is %j', (days, isDate1904, text) => {
  const bytes = Buffer.from(days);
  expect(cellText(bytes, 0, bytes.length, 'date', isDate1904)).toBe(text);
});

const custom = [
  'yyyy\\-mm\\-dd',
  '[$-409]d/m',
  '"day" 0',
  '[Red]0.00',
  '[h]:mm d',
  'General',
  '0_d',
];

test('cells are dates by their format, built in or their own', async () => {
  const formats = custom.map((code, n) => {
    const escaped = code.replaceAll('"', '&quot;');
    return `<numFmt numFmtId="${164 + n}" formatCode="${escaped}"/>`;
  });
  const ids = [0, 14, 22, 44, ...custom.map((_, n) => 164 + n)];
  const styles = `<styleSheet><numFmts>${formats.join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${ids
    .map((id) => `<xf numFmtId="${id}"/>`)
    .join('')}</cellXfs></styleSheet>`;
  const cells = ids.map((_, style) => `<c s="${style}"><v>45292</v></c>`).join('');
  const iso = '<c t="d"><v>2024-02-03</v></c>';
  const members = workbookMembers(
    { Sheet1: sheetXml(`<row>${cells}${iso}</row>`) },
    { 'xl/styles.xml': styles },
  );
  const [sheet] = await readSheets(await makeZip(members));
  const date = '2024-01-01';
  const number = '45292';
  expect(sheet?.rows).toEqual([
    [number, date, date, number, date, date, number, number, date, number, number, '2024-02-03'],
  ]);
});

test.each([
  ['0.1', '0.1'],
  ['0.10000000000000001', '0.1'],
  ['30.199999999999999', '30.2'],
  ['0.30000000000000004', '0.30000000000000004'],
  ['-12.50', '-12.5'],
  ['1.0000000000000001E-4', '0.0001'],
  ['-5', '-5'],
  ['12345678901234567890', '12345678901234567890'],
  // What may have lost digits is not completed.
  ['4.47911E+11', '4.47911E+11'],
  ['-4.47911E+11', '-4.47911E+11'],
])('the double %j has the text %j', (stored, text) => {
  const bytes = Buffer.from(stored);
  expect(cellText(bytes, 0, bytes.length, 'number', false)).toBe(text);
});

/** What a cell of this format, by its code or its number, shows of a stored number. */
async function shown(format: string | number, stored: string): Promise<string | undefined> {
  const id = typeof format === 'number' ? format : 164;
  const styles = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="${format}"/></numFmts><cellXfs><xf numFmtId="${id}"/></cellXfs></styleSheet>`;
  const members = workbookMembers(
    { Sheet1: sheetXml(`<row><c s="0"><v>${stored}</v></c></row>`) },
    { 'xl/styles.xml': styles },
  );
  const [sheet] = await readSheets(await makeZip(members));
  return sheet?.rows[0]?.[0];
}

test.each([
  ['00000', '1067', '01067'],
  ['00000', '123456', '123456'],
  ['[$-407]00000', '1.067E3', '01067'],
  ['00000;-00000', '0', '00000'],
  // Not what it shows, but all of what there is.
  ['00000', '1067.4', '1067.4'],
  ['00000', '-5', '-5'],
  ['0'.repeat(33), '5', '5'],
  ['0', '447911123456', '447911123456'],
  [1, '447911123456', '447911123456'],
])('a cell of format %j that stores %s is %j, with its zeros', async (format, stored, text) => {
  expect(await shown(format, stored)).toBe(text);
});

test.each([
  ['[h]:mm', '1.25', '30:00'],
  ['[hh]:mm', '0.23', '05:31'],
  ['[h]:mm:ss;@', '1.2503587962962964', '30:00:31'],
  ['[h]:mm:ss.000', '1.2503587962962964', '30:00:31'],
  ['[$-409][HH]:MM:SS', '1.25', '30:00:00'],
  ['[mm]:ss', '1.25', '1800:00'],
  [46, '1.25', '30:00:00'],
  ['[h]:mm', '0', '0:00'],
  ['[h]:mm', '-1', '-1'],
  ['[h]:mm', '447911123456', '447911123456'],
  // Of a day, and no duration.
  ['h:mm', '0.25', '06:00:00'],
])(
  'a cell of format %j that stores %s is %j, as hours are counted',
  async (format, stored, text) => {
    expect(await shown(format, stored)).toBe(text);
  },
);

test('hidden sheets are told', async () => {
  const members = workbookMembers({ A: sheetXml(''), B: sheetXml(''), C: sheetXml('') });
  const workbook = members['xl/workbook.xml'] ?? '';
  members['xl/workbook.xml'] = workbook
    .replace('name="A"', 'name="A" state="hidden"')
    .replace('name="B"', 'name="B" state="veryHidden"')
    .replace('name="C"', 'name="C" state="visible"');
  const hidden = (await readSheets(await makeZip(members))).map(({ isHidden }) => isHidden);
  expect(hidden).toEqual([true, true, false]);
});

test('an attribute is found in a huge tag without trying it from every letter', () => {
  // Tried from every letter this would take an hour.
  const name = 'a'.repeat(2_000_000);
  expect(attributeValue(`${name} Id="x" ${name}`, 'Id')).toBe('x');
});
