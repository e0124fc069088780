import type { NumberProblem } from './number-cell.ts';

/** A row whose number cell is no number; its place in the batch holds NaN. */
export interface UnreadableRow {
  /** Position in the batch. */
  readonly index: number;
  /** 1-based record in its member, header included. */
  readonly row: number;
  readonly problem: NumberProblem;
  /** The cell with every digit replaced by `#`, at most 32 characters. */
  readonly masked: string;
}

/** Columns of equal length `count`, in file order. The reader keeps no reference: the consumer owns the arrays. */
export interface ResultBatch {
  readonly count: number;
  /** E.164 digits as a double (7 to 15 digits, exact), or NaN where `unreadable` has the row. */
  readonly numbers: Float64Array;
  /** Index into the domain's `verdicts`. */
  readonly verdicts: Uint8Array;
  /**
   * Further columns by name, without empty cells; null for a row that has none, and null for the batch when no row has
   * any. An unknown verdict word is kept as `verdict_word`.
   */
  readonly attributes: readonly (Readonly<Record<string, string>> | null)[] | null;
  readonly unreadable: readonly UnreadableRow[];
}

/** One COPY buffer's worth; small enough that a batch of two columns is 150 KB. */
export const rowsPerBatch = 16_384;
/** Attributes are JS strings; a batch ends early so that long ones cannot pile up. */
const attributesPerBatch_bytes = 2_097_152;

/** Collects rows into batches. Not bounded by itself: callers take the full batches after every piece of input. */
export class BatchBuilder {
  #full: ResultBatch[] = [];
  #numbers = new Float64Array(rowsPerBatch);
  #verdicts = new Uint8Array(rowsPerBatch);
  #attributes: (Readonly<Record<string, string>> | null)[] | null = null;
  #attribute_bytes = 0;
  #unreadable: UnreadableRow[] = [];
  #count = 0;

  add(
    number: number,
    verdict: number,
    attributes: Record<string, string> | null,
    attribute_bytes: number,
  ): void {
    const index = this.#count++;
    this.#numbers[index] = number;
    this.#verdicts[index] = verdict;
    if (attributes !== null) {
      this.#attributes ??= new Array(index).fill(null);
      this.#attribute_bytes += attribute_bytes;
    }
    this.#attributes?.push(attributes);
    if (this.#count === rowsPerBatch || this.#attribute_bytes > attributesPerBatch_bytes) {
      this.#end();
    }
  }

  /** Says why the row that is added next has no number. */
  explain(row: number, problem: NumberProblem, masked: string): void {
    this.#unreadable.push({ index: this.#count, row, problem, masked });
  }

  /** The batches that are full; with `all`, the last one too. */
  take(all: boolean): ResultBatch[] {
    if (all && this.#count > 0) this.#end();
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    return full;
  }

  #end(): void {
    const count = this.#count;
    this.#full.push({
      count,
      numbers: this.#numbers.subarray(0, count),
      verdicts: this.#verdicts.subarray(0, count),
      attributes: this.#attributes,
      unreadable: this.#unreadable,
    });
    this.#numbers = new Float64Array(rowsPerBatch);
    this.#verdicts = new Uint8Array(rowsPerBatch);
    this.#attributes = null;
    this.#attribute_bytes = 0;
    this.#unreadable = [];
    this.#count = 0;
  }
}
