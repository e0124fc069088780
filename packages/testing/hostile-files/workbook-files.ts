import { createHash } from 'node:crypto';
import { rowsXml, sharedStringsXml, sheetXml, workbookMembers } from '../make-xlsx.ts';
import { makeZip } from '../make-zip.ts';
import { type HostileFile, honestEnd } from './hostile-file.ts';
import { deflatedMember, rawZip, repeatedMember } from './raw-zip.ts';

const names = ['number', 'telegram'];
const sharedStrings = 'xl/sharedStrings.xml';
const sheet1 = 'xl/worksheets/sheet1.xml';

function honestXml(numbers: readonly string[]): string {
  return rowsXml([names, ...numbers.map((n, at) => [Number(n), at % 2 === 0 ? 'yes' : 'no'])]);
}

function workbook(rows: string, further: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  return makeZip(workbookMembers({ Sheet1: sheetXml(rows) }, further));
}

/** A workbook one of whose parts is a block that repeats itself. */
function bomb(
  rows: string,
  part: string,
  repeated: readonly [string, string, number, string],
): Buffer {
  const members = workbookMembers({ Sheet1: sheetXml(rows) }, { [part]: '' });
  return rawZip(
    Object.entries(members).map(([name, content]) =>
      name === part ? repeatedMember(name, repeated) : deflatedMember(name, content),
    ),
  );
}

const [sharedBefore = '', sharedBehind = ''] = sharedStringsXml('|').split('|');
const [sheetBefore = '', sheetBehind = ''] = sheetXml('|').split('|');
const item = `<si><t>${'a'.repeat(4_000)}</t></si>`;
const laughs = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  .map((name, at, all) => `<!ENTITY ${name} "${at === 0 ? 'lol' : `&${all[at - 1]};`.repeat(10)}">`)
  .join('');

/** Workbooks: zips of XML, each part of which may be the hostile one. */
export const workbookFiles: readonly HostileFile[] = [
  {
    name: 'shared-strings.xlsx',
    what: '400 MB of shared strings in less than 1 MB',
    ends: { held: 'too_large' },
    make: (numbers) =>
      bomb(honestXml(numbers), sharedStrings, [
        sharedBefore,
        item.repeat(1_000),
        100,
        sharedBehind,
      ]),
  },
  {
    name: 'shared-strings-slow.xlsx',
    what: 'shared strings that inflate a hundredfold only, to all that is taken',
    ends: { held: 'too_large' },
    make: (numbers) => {
      let state = 7;
      const block = Array.from({ length: 50_000 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return `<si><t>${state >>> 8}</t></si>`;
      });
      const part = [sharedBefore, block.join(''), 120, sharedBehind] as const;
      return bomb(honestXml(numbers), sharedStrings, part);
    },
  },
  {
    name: 'named-shared-string.xlsx',
    what: 'one shared string of 8 KB that each of 130,000 rows names',
    ends: { held: 'too_large' },
    make: (numbers) => {
      const row = `<row><c><v>${numbers[0]}</v></c><c t="str"><v>yes</v></c><c t="s"><v>0</v></c></row>`;
      const rows = rowsXml([[...names, 'note']]) + row.repeat(130_000);
      return workbook(rows, {
        [sharedStrings]: sharedStringsXml(`<si><t>${'é'.repeat(4_000)}</t></si>`),
      });
    },
  },
  {
    name: 'entities.xlsx',
    what: 'a document type with entities that name each other, ten times each',
    ends: { held: 'doctype' },
    make: (numbers) =>
      makeZip(
        workbookMembers({
          Sheet1: `<!DOCTYPE x [${laughs}]>${sheetXml(honestXml(numbers).replace('yes', '&h;'))}`,
        }),
      ),
  },
  {
    name: 'far-apart.xlsx',
    what: 'only the cells A1 and XFD1048576',
    ends: { held: 'too_many_columns' },
    make: () =>
      workbook(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
      ),
  },
  {
    name: 'merged.xlsx',
    what: 'all cells of the sheet merged to one, which some readers lay out',
    ends: honestEnd,
    make: (numbers) => {
      const merged = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>';
      const sheet = sheetXml(honestXml(numbers)).replace('</sheetData>', `</sheetData>${merged}`);
      return makeZip(workbookMembers({ Sheet1: sheet }));
    },
  },
  {
    name: 'no-sheet.xlsx',
    what: 'a workbook without a sheet',
    ends: { held: 'no_sheet' },
    make: () => makeZip(workbookMembers({})),
  },
  {
    name: 'sheet-elsewhere.xlsx',
    what: 'a sheet that lies on a server of a stranger',
    ends: { held: 'corrupt' },
    make: async (numbers) => {
      const members = workbookMembers({ Sheet1: sheetXml(honestXml(numbers)) });
      const relations = 'xl/_rels/workbook.xml.rels';
      const moved = members[relations]?.replace('worksheets/', 'http://127.0.0.1:9/') ?? '';
      return makeZip({ ...members, [relations]: moved });
    },
  },
  {
    name: 'sheet-cut.xlsx',
    what: 'a sheet that ends before its table does, in an archive whose sizes and CRCs are right',
    ends: { held: 'cut' },
    make: (numbers) => {
      const sheet = sheetXml(honestXml(numbers));
      const half = sheet.slice(0, sheet.lastIndexOf('<row '));
      return makeZip(workbookMembers({ Sheet1: half }));
    },
  },
  {
    name: 'cell-100-mb.xlsx',
    what: 'a cell of 100 MB',
    ends: { held: 'cell_too_large' },
    make: (numbers) => {
      const before = `${sheetBefore}${honestXml(numbers)}<row><c t="str"><v>`;
      const behind = `</v></c></row>${sheetBehind}`;
      // Not so even that it is refused for how far it inflates.
      const uneven = Array.from({ length: 250 }, (_, n) =>
        createHash('sha256').update(String(n)).digest('hex'),
      );
      return bomb('', sheet1, [before, uneven.join('') + 'y'.repeat(984_000), 100, behind]);
    },
  },
  {
    name: 'blank-rows.xlsx',
    what: '66 MB of rows without cells in 200 KB',
    ends: { held: 'too_large' },
    make: (numbers) =>
      bomb('', sheet1, [
        `${sheetBefore}${honestXml(numbers)}`,
        '<row r="9" spans="1:2" ht="15"></row>'.repeat(30_000),
        60,
        sheetBehind,
      ]),
  },
  {
    name: 'deep.xlsx',
    what: 'XML that nests 100,000 deep',
    ends: { held: 'malformed' },
    make: () => workbook('<row>'.concat('<x>'.repeat(100_000))),
  },
  {
    name: 'no-such-string.xlsx',
    what: 'a cell that names a shared string which is not there',
    ends: { held: 'corrupt' },
    make: (numbers) => workbook(`${honestXml(numbers)}<row><c t="s"><v>7</v></c></row>`),
  },
  {
    name: 'many-sheets.xlsx',
    what: 'a workbook that lists 100,000 sheets',
    ends: { held: 'too_large' },
    make: async (numbers) => {
      const members = workbookMembers({ Sheet1: sheetXml(honestXml(numbers)) });
      const book = 'xl/workbook.xml';
      const sheets = '<sheet name="x" sheetId="1" r:id="rId0"/>'.repeat(100_000);
      return makeZip({
        ...members,
        [book]: members[book]?.replace('</sheets>', `${sheets}</sheets>`) ?? '',
      });
    },
  },
];
