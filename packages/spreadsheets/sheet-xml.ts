import { cellXml } from './cell-xml.ts';
import type { RowSource } from './row-source.ts';
import { declaration, spreadsheetNamespace } from './workbook-xml.ts';

export interface SheetBounds {
  /** Rows of one sheet, its header included. */
  readonly maxRows: number;
  /** A sheet of about this much XML ends, since a zip's member of 4 GiB and more is not read by all. */
  readonly maxXml_bytes: number;
}

/** Pieces of about this many characters are handed on. */
const piece_characters = 65_536;
const columnWidth_characters = 20;

/**
 * A worksheet's XML: the header, frozen, and as many of the source's rows as it may have. All cells are text; that some
 * of them look like numbers is meant, and `ignoredErrors` keeps Excel from marking each.
 */
export async function* sheetXml(
  header: readonly string[],
  rows: RowSource,
  bounds: SheetBounds,
): AsyncGenerator<Buffer, void> {
  const columns: string[] = [];
  let text = beginning(Math.max(1, header.length));
  let written = 1;
  let size_bytes = 0;
  text += rowXml(columns, header, written);
  while (
    written < bounds.maxRows &&
    size_bytes + text.length < bounds.maxXml_bytes &&
    (await rows.hasMore())
  ) {
    while (written < bounds.maxRows && text.length < piece_characters) {
      const row = rows.take();
      if (row === undefined) break;
      text += rowXml(columns, row, ++written);
    }
    if (text.length >= piece_characters) {
      const piece = Buffer.from(text);
      size_bytes += piece.length;
      text = '';
      yield piece;
    }
  }
  yield Buffer.from(text + ending);
}

const ending =
  '</sheetData><ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors></worksheet>';

function beginning(width: number): string {
  const pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>';
  const views = `<sheetViews><sheetView workbookViewId="0">${pane}</sheetView></sheetViews>`;
  const columns = `<cols><col min="1" max="${width}" width="${columnWidth_characters}" customWidth="1"/></cols>`;
  return `${declaration}<worksheet xmlns="${spreadsheetNamespace}">${views}${columns}<sheetData>`;
}

function rowXml(columns: string[], cells: readonly string[], row: number): string {
  let xml = `<row r="${row}">`;
  for (let column = 0; column < cells.length; column++) {
    const value = cells[column] as string;
    // An empty cell is one that is not there.
    if (value !== '') xml += cellXml(`${(columns[column] ??= lettersOf(column))}${row}`, value);
  }
  return `${xml}</row>`;
}

/** The letters of a 0-based column: A, …, Z, AA, … */
function lettersOf(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26));
  return column < 26 ? letter : lettersOf(Math.floor(column / 26) - 1) + letter;
}
