import type { FileBytes } from '@rollcall/spreadsheets';
import type { UploadDecoder } from './decode-upload.ts';
import type { NumberColumn, UploadFormat } from './intake.ts';
import type { LineSink } from './line-sink.ts';
import { type Refusal, refuseEmpty } from './read-outcome.ts';
import { Spool } from './spool.ts';
import type { UploadLimits } from './workbook-limits.ts';
import { WorkbookReader } from './workbook-reader.ts';

/** How an upload was read. */
export interface ReadShape {
  readonly kind: 'shape';
  readonly format: UploadFormat;
  readonly column?: NumberColumn;
  readonly header?: readonly string[];
}

/** Runs a piece of work when its turn has come. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

interface WorkbookOptions extends UploadLimits {
  readonly column?: string | undefined;
  readonly defaultRegion?: string | undefined;
  readonly directory: string;
  readonly inWorkbookTurn?: InTurn | undefined;
}

const magicBytes = 4;

/** Enough bytes to tell a zip, and all of them again. */
export async function readHead(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ readonly head: Buffer; readonly rest: AsyncIterable<Buffer> }> {
  const first: Buffer[] = [];
  let gathered = 0;
  while (gathered < magicBytes) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    first.push(value);
    gathered += value.byteLength;
  }
  async function* again(): AsyncGenerator<Buffer> {
    try {
      yield* first;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return { head: Buffer.concat(first), rest: again() };
}

/**
 * Puts a workbook aside and reads it from there, since a zip begins at its end. One that came plain is put aside
 * already, as the original.
 */
export async function readWorkbookUpload(
  upload: UploadDecoder,
  chunks: AsyncIterable<Buffer>,
  sink: LineSink,
  options: WorkbookOptions,
  settle: () => Promise<void>,
): Promise<ReadShape | Refusal> {
  const inflated = new Spool(options.directory);
  try {
    const isOriginal = upload.archive.encoding === 'identity';
    for await (const chunk of chunks) if (!isOriginal) await inflated.append(chunk);
    if (upload.refusal !== undefined) return upload.refusal;
    const file = await (isOriginal ? upload.archive : inflated).asFile();
    const inTurn = options.inWorkbookTurn ?? atOnce;
    return await inTurn(() => readSheetLines(file, sink, options, settle));
  } finally {
    await inflated.close();
  }
}

const atOnce: InTurn = (work) => work();

async function readSheetLines(
  file: FileBytes,
  sink: LineSink,
  options: WorkbookOptions,
  settle: () => Promise<void>,
): Promise<ReadShape | Refusal> {
  const reader = await WorkbookReader.open(file, options);
  if (reader.kind === 'refused') return reader;
  const found = await reader.findColumn(options.column, options.defaultRegion);
  if (found.kind === 'refused') return found;
  const { column, header } = found;
  const lines = reader.lines(sink, { column: column.index - 1, hasHeader: header !== undefined });
  try {
    for (;;) {
      const step = await lines.next();
      if (step.done === true) {
        if (step.value !== undefined) return step.value;
        break;
      }
      await settle();
    }
  } finally {
    await lines.return(undefined);
  }
  if (sink.lines === 0) return refuseEmpty();
  return { kind: 'shape', format: 'xlsx', column, ...(header === undefined ? {} : { header }) };
}
