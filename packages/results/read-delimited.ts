import { DelimitedTokenizer } from './delimited-tokenizer.ts';
import type { ReadContext } from './read-context.ts';
import type { ResultBatch } from './result-batch.ts';
import { RowReader } from './row-reader.ts';
import type { TableLayout } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';

export interface DelimitedRead {
  readonly rows: number;
  readonly lastRecordTerminated: boolean;
}

/**
 * Reads records of delimited text, or one number a line.
 * @param pieces the text's bytes, without byte-order mark
 * @param isProvedWhole true inside an archive, whose sizes and CRC prove that nothing was cut
 */
export async function* readDelimited(
  pieces: AsyncIterable<Buffer>,
  separator: string,
  layout: TableLayout,
  context: ReadContext,
  isProvedWhole: boolean,
): AsyncGenerator<ResultBatch, DelimitedRead> {
  const reader = new RowReader(context, layout);
  const tokenizer = new DelimitedTokenizer(separator, context.limits, reader);
  for await (const piece of pieces) {
    tokenizer.push(piece);
    yield* context.batches.take(false);
  }
  const lastRecordTerminated = tokenizer.end();
  if (!lastRecordTerminated && !isProvedWhole) {
    const last = reader.lastRow();
    if (!last.isWhole) throw new Unreadable('cut', 'ends in the middle of a row', last.row);
  }
  return { rows: reader.rows, lastRecordTerminated: lastRecordTerminated || isProvedWhole };
}
