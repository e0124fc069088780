import { tmpdir } from 'node:os';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { chunkBytes } from './decode-upload.ts';
import { EventLoopPause } from './event-loop-pause.ts';
import type { NumberColumn, TextFormat, UploadFormat } from './intake.ts';
import { readJson } from './json-reader.ts';
import { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import type { LineWatcher, RecordReader } from './record-reader.ts';
import type { RejectReason } from './reject-reason.ts';
import { readSeparated } from './separated-reader.ts';
import { withoutByteOrderMark } from './sniff-file-kind.ts';
import { sniffSeparator } from './sniff-separator.ts';
import { Spool } from './spool.ts';
import { readTxt } from './txt-reader.ts';
import { WorkbookReader } from './workbook-reader.ts';

/** An upload as it was kept, and how it was read then: what {@link Intake} said of it. */
export interface KeptUpload {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly encoding: 'zstd' | 'gzip' | 'identity';
  readonly format: UploadFormat;
  readonly header?: readonly string[] | undefined;
  readonly column?: NumberColumn | undefined;
  readonly defaultRegion: string | undefined;
}

/** One line of an upload, numbered as rejects are. It has a number or a reason, never both. */
export interface LineOfUpload {
  readonly line: number;
  /** As they were written; one for txt and JSON. Personal data. */
  readonly cells: readonly string[];
  /** E.164 digits, also where an earlier line gave the same number. */
  readonly number: number | null;
  readonly reason: RejectReason | null;
}

/** How a text was written, so that what is made of it can be written alike. */
export interface TextForm {
  /** One character; a comma for what is no table. */
  readonly separator: string;
  readonly hasByteOrderMark: boolean;
}

const headBytes = 1 << 18;
const comma = 0x2c;
const tab = 0x09;
const noLimits = { maxLineBytes: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };

/** Where the cell of a number stands, in bytes of the upload as it is unpacked: from `start` to before `end`. A JSON text has its quotes. */
export interface PlaceInUpload {
  readonly start: number;
  readonly end: number;
}

/** A kept upload that cannot be read any more, though it could be once: it was damaged, or the readers have changed. */
export class UnreadableUpload extends Error {}

/**
 * Reads a kept upload once more: every line with its cells and what was made of it, by the readers and the normaliser that
 * read it first. In batches of what 16 KiB hold, in bounded memory. Limits are not asked again: it was within those of its day.
 *
 * @param tellForm called once before the first batch; not for workbooks
 * @throws UnreadableUpload, or where it cannot be unpacked
 */
export async function* readUploadLines(
  upload: KeptUpload,
  tellForm: (form: TextForm) => void = () => undefined,
): AsyncGenerator<readonly LineOfUpload[]> {
  let batch: LineOfUpload[] = [];
  let cells: readonly string[] = [];
  const sink: LineSink = new LineSink(
    { add: (number) => void batch.push({ line: sink.lines, cells, number, reason: null }) },
    { add: (line, reason) => void batch.push({ line, cells, number: null, reason }) },
    { defaultRegion: upload.defaultRegion, maxLines: Number.MAX_SAFE_INTEGER },
  );
  const watch: LineWatcher = (ofLine) => {
    cells = ofLine;
  };
  for await (const _ of readPieces(upload, sink, watch, tellForm)) {
    if (batch.length === 0) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Finds every line that was read as one of the numbers, however it is written, by the readers and the normaliser that read it first. In
 * batches, in bounded memory, up to a line behind what was asked of `upload.bytes`. In a workbook a number stands nowhere: its place is
 * empty.
 *
 * @throws UnreadableUpload, or where it cannot be unpacked
 */
export async function* findInUpload(
  upload: KeptUpload,
  isWanted: (number: number) => boolean,
): AsyncGenerator<readonly PlaceInUpload[]> {
  let batch: PlaceInUpload[] = [];
  let place: PlaceInUpload = { start: 0, end: 0 };
  const sink: LineSink = new LineSink(
    { add: (number) => void (isWanted(number) && batch.push(place)) },
    { add: () => undefined },
    { defaultRegion: upload.defaultRegion, maxLines: Number.MAX_SAFE_INTEGER },
  );
  const watch: LineWatcher = (_, start, end) => {
    place = { start, end };
  };
  for await (const _ of readPieces(upload, sink, watch, () => undefined)) {
    if (batch.length === 0) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Hands every line to the sink, and to `watch` before that; yields every 16 KiB. */
async function* readPieces(
  upload: KeptUpload,
  sink: LineSink,
  watch: LineWatcher,
  tellForm: (form: TextForm) => void,
): AsyncGenerator<void> {
  if (upload.format === 'xlsx') {
    yield* workbookLines(upload, sink, watch);
    return;
  }
  const pause = new EventLoopPause();
  let reader: RecordReader | undefined;
  for await (const chunk of withWholeHead(decoded(upload))) {
    let rest = chunk;
    if (reader === undefined) {
      rest = withoutByteOrderMark(chunk);
      const mark_bytes = chunk.length - rest.length;
      const separator = separatorOf(upload.format, rest);
      reader = openReader(upload.format, upload, separator, sink, (cells, start, end) =>
        watch(cells, mark_bytes + start, mark_bytes + end),
      );
      tellForm({
        separator: String.fromCharCode(separator),
        hasByteOrderMark: mark_bytes > 0,
      });
    }
    for (let at = 0; at < rest.length; at += chunkBytes) {
      refuseRefusal(reader.write(rest.subarray(at, at + chunkBytes)));
      await pause.whenDue();
      yield;
    }
  }
  refuseRefusal(reader?.end());
}

/** A workbook is put aside to be read, since a zip begins at its end. */
async function* workbookLines(
  upload: KeptUpload,
  sink: LineSink,
  watch: LineWatcher,
): AsyncGenerator<void> {
  const spool = new Spool(tmpdir());
  try {
    for await (const chunk of decoded(upload)) await spool.append(chunk);
    const reader = await WorkbookReader.open(await spool.asFile(), noLimits);
    if (reader.kind === 'refused') return refuseRefusal(reader);
    const refusal = yield* reader.lines(sink, {
      column: (upload.column?.index ?? 1) - 1,
      hasHeader: upload.header !== undefined,
      watch,
    });
    refuseRefusal(refusal);
  } finally {
    await spool.close();
  }
}

/** As it was told when the upload came. */
function separatorOf(format: TextFormat, head: Buffer): number {
  if (format === 'tsv') return tab;
  return (format === 'csv' ? sniffSeparator(head, head.length < headBytes) : undefined) ?? comma;
}

function openReader(
  format: TextFormat,
  upload: KeptUpload,
  separator: number,
  sink: LineSink,
  watch: LineWatcher,
): RecordReader {
  const maxLineBytes = Number.MAX_SAFE_INTEGER;
  switch (format) {
    case 'txt':
      return readTxt(sink, maxLineBytes, watch);
    case 'json':
      return readJson(sink, maxLineBytes, watch);
    case 'csv':
    case 'tsv':
      return readSeparated(sink, {
        separator,
        hasHeader: upload.header !== undefined,
        column: (upload.column?.index ?? 1) - 1,
        maxLineBytes,
        watch,
      });
  }
}

function refuseRefusal(refusal: Refusal | undefined): void {
  if (refusal === undefined) return;
  throw new UnreadableUpload(
    `a kept upload cannot be read again: ${refusal.code} at ${refusal.line}`,
  );
}

/** The first chunk with as much as the separator was told from, the others as they come. */
async function* withWholeHead(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let head: Uint8Array[] = [];
  let gathered = 0;
  for await (const chunk of chunks) {
    if (gathered < headBytes) {
      head.push(chunk);
      gathered += chunk.byteLength;
      if (gathered < headBytes) continue;
      yield Buffer.concat(head);
      head = [];
    } else yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (head.length > 0) yield Buffer.concat(head);
}

async function* decoded({ bytes, encoding }: KeptUpload): AsyncGenerator<Uint8Array> {
  if (encoding === 'identity') {
    yield* bytes;
    return;
  }
  const plain = encoding === 'zstd' ? createZstdDecompress() : createGunzip();
  // The loop below sees every error; this keeps the two ends' lives together.
  pipeline(Readable.from(bytes, { highWaterMark: 1 }), plain, () => undefined);
  for await (const chunk of plain) {
    if (!(chunk instanceof Uint8Array)) throw new Error('zlib gave something other than bytes');
    yield chunk;
  }
}
