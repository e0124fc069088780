import {
  type FileBytes,
  openArchive,
  openFileBytes,
  readPieces,
  readRange,
  type SpreadsheetFile,
} from '@rollcall/spreadsheets';
import { planDelimited } from './delimited-plan.ts';
import type { PartsRead } from './parts-read.ts';
import { ReadContext, type ReadResultOptions } from './read-context.ts';
import { readDelimited } from './read-delimited.ts';
import { readZip } from './read-zip.ts';
import type { ResultBatch } from './result-batch.ts';
import type { ResultOutcome } from './result-outcome.ts';
import { sniff } from './sniff.ts';
import { layOut } from './table-layout.ts';
import { asUnreadable, Unreadable } from './unreadable.ts';

const head_bytes = 65_536;

/**
 * Reads a provider's result file: txt, csv, xlsx, or a zip of these, told by its bytes and never by its name.
 *
 * Rows come in batches, in file order, as fast as they are pulled. **Only the outcome says whether they count**: CRCs
 * and ends of files are reached last, so whoever stores rows does so in a transaction that an `unreadable` outcome rolls
 * back. Nothing that is wrong with the file is thrown; what is thrown is the disk's fault or ours.
 *
 * The one entry to this package: it takes a file and plain options and gives plain values, so that it can run in a child
 * process.
 */
export async function* readResult(
  file: SpreadsheetFile,
  options: ReadResultOptions,
): AsyncGenerator<ResultBatch, ResultOutcome> {
  const context = new ReadContext(options);
  const bytes = await openFileBytes(file);
  try {
    const read = yield* readBytes(bytes, context);
    if (context.rows === 0) throw new Unreadable('empty', 'no rows below the header');
    yield* context.batches.take(true);
    const { rows, unreadableRows, zeroedRows, undeterminedRows } = context;
    const zeroed = zeroedRows > 0 && { zeroedRows };
    return { kind: 'read', rows, unreadableRows, ...zeroed, undeterminedRows, ...read };
  } catch (error) {
    const unreadable = asUnreadable(error);
    if (unreadable !== null) return unreadable.outcome();
    throw error;
  } finally {
    await bytes.close();
  }
}

async function* readBytes(
  file: FileBytes,
  context: ReadContext,
): AsyncGenerator<ResultBatch, PartsRead> {
  const head = await readRange(file.fd, 0, Math.min(head_bytes, file.size_bytes));
  const isWhole = head.length === file.size_bytes;
  const sniffed = sniff(head, isWhole);
  if (sniffed.kind === 'refused') throw new Unreadable(sniffed.code, sniffed.message);
  if (sniffed.kind === 'zip') {
    return yield* readZip(await openArchive(file, context.limits), context);
  }
  context.spend(file.size_bytes);
  const textStart = sniffed.byteOrderMark_bytes;
  const { separator, shape } = planDelimited(head.subarray(textStart), isWhole, context);
  const layout = layOut(shape, context.semantics);
  const pieces = readPieces(file.fd, textStart, file.size_bytes);
  const read = yield* readDelimited(pieces, separator, layout, context, false);
  const listed = layout.verdict.kind === 'listed' ? layout.verdict.verdict : null;
  return {
    format: layout.shape.width > 1 ? 'csv' : 'txt',
    parts: [{ name: null, listed, rows: read.rows }],
    columns: layout.shape.names,
    ignored: [],
    lastRecordTerminated: read.lastRecordTerminated,
  };
}
