import { DelimitedTokenizer } from './delimited-tokenizer.ts';
import type { ReadContext } from './read-context.ts';
import { RowSampler } from './row-sampler.ts';
import { recogniseTable, type TableShape } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';

/** How a text is to be read. */
export interface DelimitedPlan {
  readonly separator: string;
  /** Null when no column of numbers was recognised under any separator. */
  readonly shape: TableShape | null;
}

const separators = [',', ';', '\t', '|'];

/**
 * Finds the separator and the table's shape in the beginning of a text: the separator under which most is recognised.
 * @param head the beginning, without byte-order mark
 * @param isWhole whether `head` is all there is; otherwise its last record is taken for incomplete
 * @throws Unreadable where the text cannot be read as records at all
 */
export function planDelimited(head: Buffer, isWhole: boolean, context: ReadContext): DelimitedPlan {
  let best: DelimitedPlan = { separator: ',', shape: null };
  let bestScore = 0;
  let refusal: Unreadable | null = null;
  for (const separator of separators) {
    const sampler = new RowSampler();
    try {
      const tokenizer = new DelimitedTokenizer(separator, context.limits, sampler);
      tokenizer.push(head);
      if (isWhole) tokenizer.end();
    } catch (error) {
      // What is wrong behind a header that is recognised comes up again when the whole is read, with its row.
      if (!(error instanceof Unreadable)) throw error;
      refusal ??= error;
    }
    const shape = recogniseTable(sampler.rows, context.asked, context.words);
    const score = scoreOf(shape);
    if (score > bestScore) {
      best = { separator, shape };
      bestScore = score;
    }
  }
  // Where nothing is recognised, what stood in the way says more than that.
  if (refusal !== null && best.shape === null) throw refusal;
  return best;
}

function scoreOf(shape: TableShape | null): number {
  if (shape === null) return 0;
  const saysVerdict = shape.verdictColumn !== null || shape.otherService !== null;
  return 1 + (saysVerdict ? 2 : 0) + (shape.width > 1 ? 1 : 0);
}
