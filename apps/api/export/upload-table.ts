import type { UploadLine } from '@rollcall/contract';
import { type ExportedRow, readAnswersTo, readRejectLines } from '@rollcall/db';
import {
  type KeptUpload,
  type LineOfUpload,
  readUploadLines,
  type TextForm,
} from '@rollcall/numbers';
import { ChunkAnswers } from './chunk-answers.ts';
import { type ExportSource, type ExportTable, isClosed } from './export-source.ts';
import { FirstOccurrences } from './first-occurrences.ts';

/** Lines that are looked up together; fewer where they are long, since a line may be 64 KiB and its text is held several times over. */
const batchLines = 2_000;
const batchCharacters = 1 << 20;
const rejectsPage = 50_000;

const ownColumns = [
  'rollcall_line',
  'rollcall_status',
  'rollcall_reason',
  'rollcall_number',
  'rollcall_check',
  'rollcall_outcome',
  'rollcall_checked_at',
] as const;

/**
 * The caller's own file, line by line, each with its answer. Our columns stand behind those of the header; cells of a line that go beyond
 * the header stand behind ours, so that every column keeps its name. Without a header it is the first lines that say how many there are.
 */
export function uploadTable(source: ExportSource, upload: KeptUpload): ExportTable {
  let width = 0;
  let form: TextForm | undefined;
  const lines = answeredLines(source, upload, (told) => {
    form = told;
  });
  let first: IteratorResult<readonly UploadLine[]> | undefined;
  return {
    async header() {
      first = await lines.next();
      const columns = columnsOf(upload, first.done ? [] : first.value);
      width = columns.length;
      return [...columns, ...untaken(columns)];
    },
    form: () => form,
    async *rows() {
      if (first?.done) return;
      if (first) yield first.value.map((line) => cellsOf(line, width));
      for await (const batch of lines) yield batch.map((line) => cellsOf(line, width));
    },
    objects: () => lines,
  };
}

function columnsOf(upload: KeptUpload, lines: readonly UploadLine[]): readonly string[] {
  if (upload.header) return upload.header;
  if (upload.format === 'txt' || upload.format === 'json') return ['number'];
  const width = lines.reduce((widest, { cells }) => Math.max(widest, cells.length), 0);
  return Array.from({ length: width }, (_, at) => `column_${at + 1}`);
}

/** A file that was answered before keeps the columns of that time; all of ours then end in the same `_2`, `_3` and so on. */
export function untaken(columns: readonly string[]): readonly string[] {
  const taken = new Set(columns.map((column) => column.trim().toLowerCase()));
  let own: readonly string[] = ownColumns;
  for (let time = 2; own.some((column) => taken.has(column)); time += 1) {
    own = ownColumns.map((column) => `${column}_${time}`);
  }
  return own;
}

function cellsOf(line: UploadLine, width: number): readonly string[] {
  const cells = line.cells.slice(0, width);
  while (cells.length < width) cells.push('');
  cells.push(
    String(line.rollcall_line),
    line.rollcall_status,
    line.rollcall_reason ?? '',
    line.rollcall_number ?? '',
    line.rollcall_check,
    line.rollcall_outcome ?? '',
    line.rollcall_checked_at ?? '',
  );
  for (let at = width; at < line.cells.length; at += 1) cells.push(line.cells[at] ?? '');
  return cells;
}

/** Every line of the upload with its answer, in batches. Throws at the end where they are not the lines that intake counted. */
async function* answeredLines(
  source: ExportSource,
  upload: KeptUpload,
  tellForm: (form: TextForm) => void,
): AsyncGenerator<readonly UploadLine[]> {
  const { job } = source;
  const firsts = await FirstOccurrences.of(source);
  const answers = new ChunkAnswers(source);
  const counts = { accepted: 0, duplicate: 0, rejected: 0, erased: 0 };
  const isErased = await erasedLines(source, firsts);
  for await (const read of inBatches(readUploadLines(upload, tellForm))) {
    source.signal.throwIfAborted();
    const batch: readonly ErasableLine[] = read.map((line) =>
      isErased(line) ? withoutNumber(line) : line,
    );
    const rows = await rowsOf(source, batch);
    await answers.learn([...rows.values()]);
    yield batch.map((line) => {
      if (line.isErased === true) {
        counts.erased += 1;
        return erasedLine(line, job.check, counts.erased > job.erased);
      }
      const status =
        line.number === null ? 'rejected' : firsts.take(line.number) ? 'accepted' : 'duplicate';
      counts[status] += 1;
      const row = line.number === null ? undefined : rows.get(line.number);
      return {
        rollcall_line: line.line,
        rollcall_status: status,
        rollcall_reason: line.reason,
        rollcall_number: line.number === null ? null : `+${line.number}`,
        rollcall_check: job.check,
        rollcall_outcome: (row?.outcome ?? null) as UploadLine['rollcall_outcome'],
        rollcall_checked_at: row ? answers.of(row).checkedAt : null,
        cells: [...line.cells],
      };
    });
  }
  const { accepted, duplicate, rejected, erased } = counts;
  const lines = accepted + duplicate + rejected + erased;
  if (lines !== job.lines || accepted + job.erased !== job.accepted || rejected !== job.rejected) {
    throw new Error(
      `the upload reads as ${lines} lines with ${rejected} rejects, and intake counted ${job.lines} with ${job.rejected}`,
    );
  }
}

/**
 * Which lines had a number that was erased since: one without a number that was no reject, or, where the file is not written anew yet, one with
 * a number that the job does not have any more.
 */
async function erasedLines(
  { database, job, signal }: ExportSource,
  firsts: FirstOccurrences,
): Promise<(line: LineOfUpload) => boolean> {
  if (job.erased === 0) return () => false;
  const rejected = new Set<number>();
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const page = await readRejectLines(database, job, { after, limit: rejectsPage });
    for (const line of page) rejected.add(line);
    const last = page.at(-1);
    if (last === undefined || page.length < rejectsPage) break;
    after = last;
  }
  return ({ line, number }) => (number === null ? !rejected.has(line) : !firsts.has(number));
}

type ErasableLine = LineOfUpload & { readonly isErased?: true };

function withoutNumber(line: LineOfUpload): ErasableLine {
  return { ...line, number: null, isErased: true, cells: line.cells.map(() => '') };
}

/**
 * As many lines are accepted as numbers were erased, and what comes after repeated one: so the lines add up to the counts of the job. Which repeated which, nobody
 * knows any more where more than one was erased.
 */
function erasedLine({ line, cells }: LineOfUpload, check: string, isRepeated: boolean): UploadLine {
  return {
    rollcall_line: line,
    rollcall_status: isRepeated ? 'duplicate' : 'accepted',
    rollcall_reason: null,
    rollcall_number: null,
    rollcall_check: check,
    rollcall_outcome: 'erased',
    rollcall_checked_at: null,
    cells: [...cells],
  };
}

async function rowsOf(
  { database, job, latest }: ExportSource,
  lines: readonly ErasableLine[],
): Promise<ReadonlyMap<number, ExportedRow>> {
  const numbers = new Set(lines.flatMap(({ number }) => (number === null ? [] : [number])));
  if (numbers.size === 0) return new Map();
  const rows = await readAnswersTo(database, job, [...numbers], { latest });
  if (isClosed(job) && rows.length !== numbers.size) {
    throw new Error(`${numbers.size - rows.length} numbers of a closed job have no row`);
  }
  return new Map(rows.map((row) => [row.number, row]));
}

/** Larger ones than the reader gives. */
export async function* inBatches(
  batches: AsyncIterable<readonly LineOfUpload[]>,
): AsyncGenerator<readonly LineOfUpload[]> {
  let gathered: LineOfUpload[] = [];
  let characters = 0;
  for await (const batch of batches) {
    for (const line of batch) {
      gathered.push(line);
      for (const cell of line.cells) characters += cell.length;
    }
    if (gathered.length < batchLines && characters < batchCharacters) continue;
    yield gathered;
    gathered = [];
    characters = 0;
  }
  if (gathered.length > 0) yield gathered;
}
