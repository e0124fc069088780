import {
  type Archive,
  displayName,
  openWorkbook,
  readSheet,
  type SheetPart,
  sampleSheet,
  type Workbook,
} from '@rollcall/spreadsheets';
import type { PartsRead } from './parts-read.ts';
import type { ReadContext } from './read-context.ts';
import type { ResultBatch } from './result-batch.ts';
import { RowReader } from './row-reader.ts';
import { RowSampler } from './row-sampler.ts';
import { layOut } from './table-layout.ts';
import { recogniseTable, type TableLayout } from './table-shape.ts';
import { inMember, Unreadable } from './unreadable.ts';

/** Reads the first sheet that has a column of numbers; the others are named as ignored. */
export async function* readWorkbook(
  archive: Archive,
  context: ReadContext,
): AsyncGenerator<ResultBatch, Omit<PartsRead, 'format'>> {
  const workbook = await openWorkbook(archive, context, false);
  const { sheets } = workbook;
  let hasRows = false;
  for (const sheet of sheets) {
    const sampler = new RowSampler();
    await sampleSheet(workbook, sheet, sampler, () => sampler.isFull);
    hasRows ||= sampler.rows.length > 0;
    const shape = recogniseTable(sampler.rows, context.asked, context.words);
    if (shape === null) continue;
    const layout = layOut(shape, context.semantics);
    const rows = yield* inMember(sheet.member, readRows(workbook, sheet, layout, context));
    const listed = layout.verdict.kind === 'listed' ? layout.verdict.verdict : null;
    const ignored = sheets.filter((other) => other !== sheet).map(({ title }) => title);
    return {
      parts: [{ name: displayName(sheet.title), listed, rows }],
      columns: shape.names,
      ignored: ignored.map(displayName),
      lastRecordTerminated: true,
    };
  }
  if (!hasRows) throw new Unreadable('empty', 'every sheet is empty');
  throw new Unreadable('no_number_column', 'no sheet has a column of phone numbers');
}

async function* readRows(
  workbook: Workbook,
  sheet: SheetPart,
  layout: TableLayout,
  context: ReadContext,
): AsyncGenerator<ResultBatch, number> {
  const reader = new RowReader(context, layout);
  for await (const _ of readSheet(workbook, sheet, reader)) yield* context.batches.take(false);
  return reader.rows;
}
