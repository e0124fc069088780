import { defaultResultLimits, type ResultLimits } from './result-limits.ts';

/** V8 keeps this many properties of a row one beside the other; with more it makes a hash table, of 50 bytes a place. */
export const compactAttributes = 12;
export const looseAttribute_bytes = 64;

/** A header has at most 64 characters, and its place behind it where two are alike. */
const nameMax = 80;

/**
 * What all batches of a file may hold together, counted where they arrive: whoever reads them keeps them, and the process that says them
 * had a stranger's file in hand. Its own counts of the same limits are never lower.
 */
export class BatchBounds {
  /** Rows so far, and those of them without a number. */
  rows = 0;
  unreadableRows = 0;
  readonly limits: ResultLimits;
  readonly #names = new Set<string>();
  #attribute_bytes = 0;

  constructor(limits: Partial<ResultLimits> = {}) {
    this.limits = { ...defaultResultLimits, ...limits };
  }

  /** @throws as everything here, where it is too much */
  addRows(rows: number, unreadableRows: number): void {
    this.rows += rows;
    this.unreadableRows += unreadableRows;
    if (this.rows > this.limits.maxRows) refuse('rows');
  }

  /** What the further columns of one row come to. */
  addAttributes(row_bytes: number): void {
    this.#attribute_bytes += row_bytes;
    if (row_bytes > this.limits.maxAttributeBytesPerRow) refuse('bytes in a row');
    if (this.#attribute_bytes > this.limits.maxAttributeBytes) refuse('bytes of further columns');
  }

  /** The name of a further column. */
  addName(name: string): void {
    const { maxColumns, maxEntries } = this.limits;
    this.#names.add(name);
    if (name.length > nameMax || this.#names.size > maxColumns * maxEntries) refuse('names');
  }
}

function refuse(what: string): never {
  throw new Error(`a reader of results said more ${what} than a file may have`);
}
