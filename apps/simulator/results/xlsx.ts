import { Readable } from 'node:stream';
import yazl from 'yazl';
import type { CellStyle } from './layouts.ts';
import { inChunks } from './text-tables.ts';

/** A table whose rows can be walked more than once; the first column holds phone numbers. */
export interface SheetTable {
  header: readonly string[];
  rows: () => Iterable<readonly string[]>;
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const contentTypes = 'http://schemas.openxmlformats.org/package/2006/content-types';
const documentType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/**
 * Streams a workbook of one sheet (ECMA-376, the least that spreadsheet programs open). Cells come in the three ways that
 * writers use: `inline` strings (excelize's stream writer), `shared` strings (openpyxl, Excel), and `numeric`, where the
 * number is a number and so has lost its `+`, the words being shared strings. Empty cells are left out.
 */
export function writeXlsx(
  table: SheetTable,
  cells: CellStyle,
  madeAt: Date,
): NodeJS.ReadableStream {
  const zip = new yazl.ZipFile();
  const options = { mtime: madeAt, compressionLevel: 1 };
  const add = (name: string, text: string) =>
    zip.addBuffer(Buffer.from(declaration + text), name, options);
  const stream = (name: string, pieces: () => Iterable<string>) =>
    zip.addReadStreamLazy(name, options, (deliver) =>
      deliver(null, Readable.from(inChunks(pieces()), { objectMode: false })),
    );
  const shared = cells !== 'inline';
  add('[Content_Types].xml', contentTypesPart(shared));
  add('_rels/.rels', relationshipsPart([['officeDocument', 'xl/workbook.xml']]));
  add(
    'xl/workbook.xml',
    `<workbook xmlns="${spreadsheet}" xmlns:r="${relationships}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  );
  const parts: [string, string][] = [['worksheet', 'worksheets/sheet1.xml']];
  if (shared) parts.push(['sharedStrings', 'sharedStrings.xml']);
  add('xl/_rels/workbook.xml.rels', relationshipsPart(parts));
  const strings = new Map<string, number>();
  stream('xl/worksheets/sheet1.xml', () => sheetPart(table, cells, strings));
  // Written after the sheet, which fills the map: the sheet's stream has ended by the time that this one is asked for.
  if (shared) stream('xl/sharedStrings.xml', () => sharedStringsPart(strings));
  zip.end();
  return zip.outputStream;
}

function* sheetPart(
  table: SheetTable,
  cells: CellStyle,
  strings: Map<string, number>,
): Generator<string> {
  yield `${declaration}<worksheet xmlns="${spreadsheet}"><sheetData>`;
  let row = 1;
  yield rowPart(row, table.header, () => (cells === 'inline' ? 'inline' : 'shared'), strings);
  for (const values of table.rows()) {
    row += 1;
    yield rowPart(row, values, (column) => styleOf(cells, column), strings);
  }
  yield '</sheetData></worksheet>';
}

function styleOf(cells: CellStyle, column: number): CellStyle {
  return cells === 'numeric' && column > 0 ? 'shared' : cells;
}

function rowPart(
  row: number,
  values: readonly string[],
  style: (column: number) => CellStyle,
  strings: Map<string, number>,
): string {
  let text = `<row r="${row}">`;
  for (const [column, value] of values.entries()) {
    if (value === '') continue;
    const place = `${String.fromCharCode(65 + column)}${row}`;
    text += cellPart(place, value, style(column), strings);
  }
  return `${text}</row>`;
}

function cellPart(
  place: string,
  value: string,
  style: CellStyle,
  strings: Map<string, number>,
): string {
  switch (style) {
    case 'numeric':
      return `<c r="${place}"><v>${value.replace('+', '')}</v></c>`;
    case 'inline':
      return `<c r="${place}" t="inlineStr"><is><t>${escapeXml(value)}</t></is></c>`;
    case 'shared': {
      const index = strings.get(value) ?? strings.size;
      strings.set(value, index);
      return `<c r="${place}" t="s"><v>${index}</v></c>`;
    }
  }
}

function* sharedStringsPart(strings: Map<string, number>): Generator<string> {
  yield `${declaration}<sst xmlns="${spreadsheet}" uniqueCount="${strings.size}">`;
  for (const value of strings.keys()) yield `<si><t>${escapeXml(value)}</t></si>`;
  yield '</sst>';
}

function contentTypesPart(shared: boolean): string {
  return `<Types xmlns="${contentTypes}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${override('/xl/workbook.xml', 'sheet.main')}${override('/xl/worksheets/sheet1.xml', 'worksheet')}${shared ? override('/xl/sharedStrings.xml', 'sharedStrings') : ''}</Types>`;
}

function override(path: string, kind: string): string {
  return `<Override PartName="${path}" ContentType="${documentType}.${kind}+xml"/>`;
}

function relationshipsPart(parts: [type: string, target: string][]): string {
  const entries = parts.map(
    ([type, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${relationships}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${packageRelationships}">${entries.join('')}</Relationships>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
