import { tmpdir } from 'node:os';
import { chunkBytes, UploadDecoder } from './decode-upload.ts';
import { EventLoopPause } from './event-loop-pause.ts';
import type { Intake, TextFormat } from './intake.ts';
import { readJson } from './json-reader.ts';
import { LineSink } from './line-sink.ts';
import { NumberSorter } from './number-sorter.ts';
import { isKnownRegion } from './numbering-plan.ts';
import type { ReadNumbersOutcome, Refusal } from './read-outcome.ts';
import { refuse, refuseEmpty } from './read-outcome.ts';
import {
  type InTurn,
  type ReadShape,
  readHead,
  readWorkbookUpload,
} from './read-workbook-upload.ts';
import type { RecordReader } from './record-reader.ts';
import { RejectLog } from './reject-log.ts';
import { readSeparated } from './separated-reader.ts';
import { isZip, refuseForeignKind, refuseNul, withoutByteOrderMark } from './sniff-file-kind.ts';
import type { TextShape } from './sniff-shape.ts';
import { sniffShape } from './sniff-shape.ts';
import { readTxt } from './txt-reader.ts';

export interface ReadNumbersOptions {
  /** Absent: told by the content. Whether it is gzipped is always told by the content. */
  readonly format?: TextFormat | undefined;
  /** ISO 3166 alpha-2: how numbers without `+` are dialled. */
  readonly defaultRegion?: string | undefined;
  /** For csv, tsv and xlsx: the column's name (any case) or 1-based position. Absent: found. */
  readonly column?: string | undefined;
  readonly maxLines: number;
  /** Of one line, record (its quotes and line end included), JSON element or row of a sheet. */
  readonly maxLineBytes: number;
  /** Of the upload as received, and of what it inflates to; a workbook's XML may have twice as many. */
  readonly maxBytes: number;
  /** Where what does not fit in memory goes, in files without a name. Absent: the system's own. */
  readonly spoolDirectory?: string | undefined;
  /**
   * Runs the reading of a workbook when its turn comes. Beside what every upload takes, one has its shared texts in memory,
   * up to 64 MiB and half as much again to find them. Absent: at once.
   */
  readonly inWorkbookTurn?: InTurn | undefined;
}

const headBytes = 1 << 18;

/**
 * Reads an upload: numbers normalised, sorted and without duplicates, rejects with their reasons, and the
 * original, all in bounded memory. The intake has to be closed.
 *
 * What is wrong with the upload is a refusal, and nothing is kept. Broken infrastructure (the disk, the
 * input's own stream) is thrown, and nothing is kept either.
 *
 * The input is ended (its iterator's `return`) on a refusal; a caller that still wants to answer on the
 * same connection gives an iterator that does not destroy it. Chunks are kept for a while, not copied.
 */
export async function readNumbers(
  input: AsyncIterable<Uint8Array>,
  options: ReadNumbersOptions,
): Promise<ReadNumbersOutcome> {
  const directory = options.spoolDirectory ?? tmpdir();
  const upload = await UploadDecoder.open(input, { maxBytes: options.maxBytes, directory });
  const defaultRegion = options.defaultRegion?.toUpperCase();
  if (defaultRegion !== undefined && !isKnownRegion(defaultRegion)) {
    await Promise.all([upload.endInput(), upload.archive.close()]);
    return refuse(
      'unknown_region',
      `There is no region ${JSON.stringify(defaultRegion.slice(0, 20))}. Give an ISO 3166 code of two letters, such as GB.`,
    );
  }
  const sorter = new NumberSorter(directory);
  const rejects = new RejectLog(directory);
  const closeAll = async (): Promise<void> => {
    await Promise.all([sorter.close(), rejects.close(), upload.archive.close()]);
  };
  try {
    const sink = new LineSink(sorter, rejects, { defaultRegion, maxLines: options.maxLines });
    const settle = async (): Promise<void> => {
      await sorter.settle();
      await rejects.settle();
    };
    const { head, rest } = await readHead(upload.chunks());
    const shape =
      isZip(head) && options.format === undefined
        ? await readWorkbookUpload(upload, rest, sink, { ...options, directory }, settle)
        : await readRecords(upload, rest, sink, options, settle);
    if (shape.kind === 'refused') {
      await closeAll();
      return shape;
    }
    const intake = await finishIntake(shape, sink.lines, { sorter, rejects, upload });
    return { kind: 'read', intake };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Reads to the end, or to the first refusal. `settle` writes down what the hot loop has gathered. */
async function readRecords(
  upload: UploadDecoder,
  chunks: AsyncIterable<Buffer>,
  sink: LineSink,
  options: ReadNumbersOptions,
  settle: () => Promise<void>,
): Promise<ReadShape | Refusal> {
  let shape: TextShape | undefined;
  let reader: RecordReader | undefined;
  let head: Buffer[] = [];
  let gathered = 0;
  const pause = new EventLoopPause();

  // The array of a JSON body is no file: of what is no JSON, its reader says so.
  const refuseBinary = (bytes: Buffer): Refusal | undefined =>
    options.format === 'json' ? undefined : refuseNul(bytes);

  async function begin(isWhole: boolean): Promise<Refusal | undefined> {
    const bytes = withoutByteOrderMark(Buffer.concat(head));
    head = [];
    const sniffed =
      refuseForeignKind(bytes) ?? refuseBinary(bytes) ?? (await sniffHead(bytes, isWhole, options));
    if (sniffed.kind === 'refused') return sniffed;
    shape = sniffed;
    reader = openReader(sniffed, sink, options.maxLineBytes);
    await pause.whenDue();
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const refusal = await write(reader, bytes.subarray(at, at + chunkBytes));
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async function write(to: RecordReader, chunk: Buffer): Promise<Refusal | undefined> {
    const refusal = to.write(chunk);
    if (refusal !== undefined) return refusal;
    await settle();
    await pause.whenDue();
    return undefined;
  }

  for await (const chunk of chunks) {
    let refusal: Refusal | undefined;
    if (reader !== undefined) refusal = refuseBinary(chunk) ?? (await write(reader, chunk));
    else {
      head.push(chunk);
      gathered += chunk.byteLength;
      if (gathered >= headBytes) refusal = await begin(false);
    }
    if (refusal !== undefined) return refusal;
  }
  if (upload.refusal !== undefined) return upload.refusal;
  const refusal = (reader === undefined ? await begin(true) : undefined) ?? reader?.end();
  if (refusal !== undefined) return refusal;
  if (shape === undefined || sink.lines === 0) return refuseEmpty();
  if (shape.kind !== 'separated') return { kind: 'shape', format: shape.kind };
  const { format, column, header } = shape;
  return { kind: 'shape', format, column, ...(header === undefined ? {} : { header }) };
}

async function sniffHead(
  bytes: Buffer,
  isWhole: boolean,
  options: ReadNumbersOptions,
): Promise<TextShape | Refusal> {
  if (isWhole && bytes.toString('latin1').trim() === '') return refuseEmpty();
  return await sniffShape(bytes, isWhole, {
    format: options.format,
    column: options.column,
    defaultRegion: options.defaultRegion,
  });
}

function openReader(shape: TextShape, sink: LineSink, maxLineBytes: number): RecordReader {
  if (shape.kind === 'separated') {
    return readSeparated(sink, {
      separator: shape.separator,
      hasHeader: shape.header !== undefined,
      column: shape.column.index - 1,
      maxLineBytes,
    });
  }
  return shape.kind === 'json' ? readJson(sink, maxLineBytes) : readTxt(sink, maxLineBytes);
}

async function finishIntake(
  shape: ReadShape,
  lines: number,
  parts: { sorter: NumberSorter; rejects: RejectLog; upload: UploadDecoder },
): Promise<Intake> {
  const { rejects, upload } = parts;
  await rejects.finish();
  await upload.archive.finish();
  const sorted = await parts.sorter.finish();
  if (lines !== sorted.distinct + sorted.duplicates + rejects.count) {
    await sorted.close();
    throw new Error(
      `intake lost lines: ${lines} read, ${sorted.distinct} accepted, ${sorted.duplicates} duplicates, ${rejects.count} rejects`,
    );
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing ??= Promise.all([sorted.close(), rejects.close(), upload.archive.close()]).then(
      () => undefined,
    );
    await closing;
  };
  const { kind: _, ...reading } = shape;
  return {
    ...reading,
    lines,
    accepted: sorted.distinct,
    duplicates: sorted.duplicates,
    rejected: rejects.count,
    rejectReasons: rejects.countByReason,
    sortedNumbers: () => sorted.batches(),
    rejects: () => rejects.batches(),
    original: () => upload.archive.pieces(),
    originalEncoding: upload.archive.encoding,
    originalBytes: upload.bytesReceived,
    originalSha256: upload.sha256(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
