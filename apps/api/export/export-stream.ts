import { Readable } from 'node:stream';
import type { ExportFormat } from '@rollcall/contract';
import { writeWorkbook } from '@rollcall/spreadsheets';
import { csvText } from './csv-text.ts';
import type { ExportTable } from './export-source.ts';

export interface ExportCounts {
  rows: number;
  bytes: number;
}

const highWaterMark_bytes = 131_072;
/** What the socket is given at a time: whether a slow reader takes anything is seen by what it has left of this. */
const piece_bytes = 65_536;
/** Excel's own limit. What goes beyond it in a line of an upload is left out; csv and ndjson have all of it. */
const workbookColumnsMax = 16_384;

/**
 * An export's bytes. The next batch is read when the one before was taken, so that memory stays the same however many rows there are
 * and however slowly they are read; at no time is a transaction open. Destroying the stream ends the reading. An error is the stream's
 * own: it never ends as if it were whole.
 */
export function exportStream(
  format: ExportFormat,
  title: string,
  table: ExportTable,
  counts: ExportCounts,
): Readable {
  return Readable.from(counted(pieces(format, title, table, counts), counts), {
    objectMode: false,
    highWaterMark: highWaterMark_bytes,
  });
}

async function* pieces(
  format: ExportFormat,
  title: string,
  table: ExportTable,
  counts: ExportCounts,
): AsyncGenerator<Uint8Array> {
  if (format === 'ndjson') {
    for await (const batch of countRows(table.objects(), counts)) {
      let text = '';
      for (const each of batch) text += `${JSON.stringify(each)}\n`;
      yield Buffer.from(text);
    }
    return;
  }
  const header = await table.header();
  if (format === 'xlsx') {
    yield* workbook(title, header, countRows(table.rows(), counts));
    return;
  }
  const { separator = ',', hasByteOrderMark = false } = table.form?.() ?? {};
  yield Buffer.from(`${hasByteOrderMark ? '\ufeff' : ''}${csvText([header], separator)}`);
  if (table.csv) {
    for await (const { text, rows } of table.csv()) {
      yield Buffer.from(text);
      counts.rows += rows;
    }
    return;
  }
  for await (const batch of countRows(table.rows(), counts)) {
    yield Buffer.from(csvText(batch, separator));
  }
}

async function* workbook(
  title: string,
  header: readonly string[],
  rows: AsyncIterable<readonly (readonly string[])[]>,
): AsyncGenerator<Uint8Array> {
  const narrow = (cells: readonly string[]) => cells.slice(0, workbookColumnsMax);
  async function* narrowRows() {
    for await (const batch of rows) yield batch.map(narrow);
  }
  for await (const piece of writeWorkbook({
    name: title,
    header: narrow(header),
    rows: narrowRows(),
  })) {
    if (!(piece instanceof Uint8Array))
      throw new Error('a workbook gave something other than bytes');
    yield piece;
  }
}

async function* countRows<Row>(
  batches: AsyncIterable<readonly Row[]>,
  counts: ExportCounts,
): AsyncGenerator<readonly Row[]> {
  for await (const batch of batches) {
    yield batch;
    counts.rows += batch.length;
  }
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  counts: ExportCounts,
): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    counts.bytes += piece.byteLength;
    for (let at = 0; at < piece.byteLength; at += piece_bytes) {
      yield piece.subarray(at, at + piece_bytes);
    }
  }
}
