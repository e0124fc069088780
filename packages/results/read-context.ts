import type { ResultSemantics, Verdict } from '@rollcall/domain';
import { CellText } from './cell-text.ts';
import { BatchBuilder } from './result-batch.ts';
import { defaultResultLimits, type ResultLimits } from './result-limits.ts';
import type { AskedCheck } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';
import { VerdictWords } from './verdict-words.ts';

export interface ReadResultOptions {
  /** What the account's files mean; an account's setting, because no provider documents it. */
  readonly semantics: ResultSemantics;
  /** The verdict column is often named after the check, or after the provider's task type. */
  readonly check: string;
  readonly taskType: string;
  /** Further names of the verdict column. */
  readonly verdictColumns: readonly string[];
  /** Further verdict words, beside yes, no and ban. */
  readonly verdictWords: Readonly<Record<string, Verdict>>;
  /**
   * Columns that are not kept as attributes, by the words that their names begin with: `age` is `Age`, `age_range` and
   * `age (years)`, and not `agency`. None by default.
   */
  readonly droppedColumns?: readonly string[];
  readonly limits?: Partial<ResultLimits>;
  /** An open, empty file that an xlsx inside a zip is inflated to; its caller's to close. A nameless one of its own by default. */
  readonly spill?: { readonly fd: number };
}

/** What the readers of one file share: its settings, its limits, and the counts so far. */
export class ReadContext {
  readonly semantics: ResultSemantics;
  readonly asked: AskedCheck;
  readonly words: VerdictWords;
  readonly #droppedColumns: readonly string[];
  readonly limits: ResultLimits;
  readonly spill: { readonly fd: number } | null;
  readonly cellText = new CellText();
  readonly batches = new BatchBuilder();
  rows = 0;
  unreadableRows = 0;
  zeroedRows = 0;
  undeterminedRows = 0;
  #inflated_bytes = 0;
  #attribute_bytes = 0;

  constructor(options: ReadResultOptions) {
    this.semantics = options.semantics;
    this.asked = options;
    this.words = new VerdictWords(options.verdictWords);
    this.#droppedColumns = (options.droppedColumns ?? []).map(comparableWords);
    this.limits = { ...defaultResultLimits, ...options.limits };
    this.spill = options.spill ?? null;
  }

  isDropped(column: string): boolean {
    const words = comparableWords(column);
    return this.#droppedColumns.some((dropped) => words.startsWith(dropped));
  }

  /** Counts bytes against the limit of the whole file. */
  spend(inflated_bytes: number): void {
    this.#inflated_bytes += inflated_bytes;
    if (this.#inflated_bytes > this.limits.maxInflatedBytes) {
      const message = `more than ${this.limits.maxInflatedBytes} bytes once inflated`;
      throw new Unreadable('too_large', message);
    }
  }

  /** Counts the attributes of all rows against their limit. */
  spendAttributes(attribute_bytes: number): void {
    this.#attribute_bytes += attribute_bytes;
    if (this.#attribute_bytes > this.limits.maxAttributeBytes) {
      const message = `more than ${this.limits.maxAttributeBytes} bytes of further columns`;
      throw new Unreadable('too_large', message);
    }
  }
}

/** A name's words, each with a blank behind it, so that one name begins another only by whole words. */
function comparableWords(name: string): string {
  return `${name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
}
