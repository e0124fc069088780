import { type CellKind, cellText, type RowConsumer } from '@rollcall/spreadsheets';
import type { Refusal } from './read-outcome.ts';
import { refuseLongLine } from './record-reader.ts';
import { sampleCellsMax, sampleRecordsMax } from './sample-records.ts';
import { isBlank } from './sheet-lines.ts';

/** The first rows of a sheet that are not blank, as text. */
export class SheetSampler implements RowConsumer {
  refusal: Refusal | undefined;
  readonly records: string[][] = [];
  /** Texts that a cell of a date gave: digits and dashes, but no phone numbers. */
  readonly dates = new Set<string>();
  readonly #maxLineBytes: number;
  readonly #isDate1904: boolean;
  #cells: string[] = [];
  #sampledCells = 0;
  #bytes = 0;
  #hasContent = false;

  constructor(maxLineBytes: number, isDate1904: boolean) {
    this.#maxLineBytes = maxLineBytes;
    this.#isDate1904 = isDate1904;
  }

  get isFull(): boolean {
    return (
      this.records.length === sampleRecordsMax ||
      this.#sampledCells >= sampleCellsMax ||
      this.refusal !== undefined
    );
  }

  beginRow(): void {
    this.#cells = [];
    this.#bytes = 0;
    this.#hasContent = false;
  }

  cell(column: number, bytes: Buffer, start: number, end: number, kind: CellKind): void {
    if (this.isFull) return;
    this.#bytes += end - start;
    if (this.#bytes > this.#maxLineBytes) {
      this.refusal = refuseLongLine(Math.max(1, this.records.length), this.#maxLineBytes, 'Row');
      return;
    }
    this.#hasContent ||= !isBlank(bytes, start, end);
    const text = cellText(bytes, start, end, kind, this.#isDate1904).trim();
    if (kind === 'date') this.dates.add(text);
    while (this.#cells.length < column) this.#cells.push('');
    this.#cells[column] = text;
  }

  endRow(): void {
    if (!this.#hasContent || this.isFull) return;
    this.records.push(this.#cells);
    this.#sampledCells += this.#cells.length;
  }
}
