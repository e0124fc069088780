import { Readable } from 'node:stream';
import { RowSource } from './row-source.ts';
import { sheetXml } from './sheet-xml.ts';
import { sheetMember, workbookParts } from './workbook-xml.ts';
import { type NewMember, writeZip } from './write-zip.ts';

/** A table to write. */
export interface NewSheet {
  /** The tab's title; cut to 31 characters, `[]:*?/\` replaced. */
  readonly name: string;
  /** The first row of every sheet. */
  readonly header: readonly string[];
  /** Batches of rows of cells, pulled no faster than the output is read. */
  readonly rows: AsyncIterable<readonly (readonly string[])[]>;
  /** Rows of one sheet, its header included: at least 2, by default and at most 1,048,576 (Excel's own limit). */
  readonly rowsPerSheet_max?: number;
}

const excelRows_max = 1_048_576;
const sheetXml_bytes_max = 4_000_000_000;
const highWaterMark_bytes = 131_072;

/**
 * Writes an xlsx as a stream, in memory that does not grow with it: text cells only, the header frozen. What does not
 * fit on a sheet goes on in `name (2)` and so on. Characters that XML forbids become U+FFFD; cells are cut at 32,767.
 *
 * An error of the source is the stream's error, and the file is then cut. Destroying the stream ends the source.
 */
export function writeWorkbook(sheet: NewSheet): Readable {
  const output = writeZip(workbookMembers(sheet));
  return Readable.from(output, { objectMode: false, highWaterMark: highWaterMark_bytes });
}

async function* workbookMembers(sheet: NewSheet): AsyncGenerator<NewMember, void> {
  const rows = new RowSource(sheet.rows);
  const maxRows = Math.max(2, Math.min(sheet.rowsPerSheet_max ?? excelRows_max, excelRows_max));
  const bounds = { maxRows, maxXml_bytes: sheetXml_bytes_max };
  let sheets = 0;
  try {
    do {
      sheets++;
      yield { name: sheetMember(sheets), content: sheetXml(sheet.header, rows, bounds) };
    } while (await rows.hasMore());
  } finally {
    await rows.close();
  }
  // Readers go by the directory at the end, so what names the sheets may come when their count is known.
  for (const [name, xml] of Object.entries(workbookParts(sheet.name, sheets))) {
    yield { name, content: once(Buffer.from(xml)) };
  }
}

async function* once(piece: Buffer): AsyncGenerator<Buffer, void> {
  yield piece;
}
