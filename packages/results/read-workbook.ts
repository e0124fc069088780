import { displayName } from './display-text.ts';
import type { PartsRead } from './parts-read.ts';
import type { ReadContext } from './read-context.ts';
import type { ResultBatch } from './result-batch.ts';
import { RowReader } from './row-reader.ts';
import { RowSampler } from './row-sampler.ts';
import type { SharedStrings } from './shared-strings.ts';
import { SheetConsumer } from './sheet-consumer.ts';
import { layOut } from './table-layout.ts';
import { recogniseTable, type TableLayout, type TableShape } from './table-shape.ts';
import { inMember, Unreadable } from './unreadable.ts';
import { findWorkbookParts, readSharedStrings, type SheetPart } from './workbook-parts.ts';
import { XmlTokenizer } from './xml-tokenizer.ts';
import type { Archive } from './zip-archive.ts';
import { readMember } from './zip-member.ts';

/** Reads the first sheet that has a column of numbers; the others are named as ignored. */
export async function* readWorkbook(
  archive: Archive,
  context: ReadContext,
): AsyncGenerator<ResultBatch, Omit<PartsRead, 'format'>> {
  const { sheets, sharedStrings } = await findWorkbookParts(archive, context);
  const strings = await readSharedStrings(archive, sharedStrings, context);
  let hasRows = false;
  for (const sheet of sheets) {
    const sample = await sampleSheet(archive, sheet, strings, context);
    hasRows ||= sample.hasRows;
    if (sample.shape === null) continue;
    const layout = layOut(sample.shape, context.semantics);
    const reading = readSheet(archive, sheet, strings, layout, context);
    const rows = yield* inMember(sheet.member, reading);
    const listed = layout.verdict.kind === 'listed' ? layout.verdict.verdict : null;
    const ignored = sheets.filter((other) => other !== sheet).map(({ title }) => title);
    return {
      parts: [{ name: displayName(sheet.title), listed, rows }],
      columns: sample.shape.names,
      ignored: ignored.map(displayName),
      lastRecordTerminated: true,
    };
  }
  if (!hasRows) throw new Unreadable('empty', 'every sheet is empty');
  throw new Unreadable('no_number_column', 'no sheet has a column of phone numbers');
}

async function* readSheet(
  archive: Archive,
  sheet: SheetPart,
  strings: SharedStrings,
  layout: TableLayout,
  context: ReadContext,
): AsyncGenerator<ResultBatch, number> {
  const reader = new RowReader(context, layout);
  const consumer = new SheetConsumer(reader, strings, context.limits);
  const tokenizer = new XmlTokenizer(consumer);
  const spend = (bytes: number) => context.spend(bytes);
  for await (const piece of readMember(archive, entryOf(archive, sheet), context.limits, spend)) {
    tokenizer.push(piece);
    yield* context.batches.take(false);
  }
  if (!consumer.isClosed) throw new Unreadable('cut', 'the sheet ends before its table does');
  tokenizer.end();
  return reader.rows;
}

async function sampleSheet(
  archive: Archive,
  sheet: SheetPart,
  strings: SharedStrings,
  context: ReadContext,
): Promise<{ readonly shape: TableShape | null; readonly hasRows: boolean }> {
  const sampler = new RowSampler();
  const consumer = new SheetConsumer(sampler, strings, context.limits);
  const tokenizer = new XmlTokenizer(consumer);
  for await (const piece of readMember(archive, entryOf(archive, sheet), context.limits)) {
    tokenizer.push(piece);
    if (sampler.isFull || consumer.isClosed) break;
  }
  const shape = recogniseTable(sampler.rows, context.asked, context.words);
  return { shape, hasRows: sampler.rows.length > 0 };
}

function entryOf(archive: Archive, sheet: SheetPart) {
  const entry = archive.members.get(sheet.member);
  if (entry === undefined) throw new Unreadable('corrupt', 'a sheet of the workbook is not there');
  return entry;
}
