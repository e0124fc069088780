import type { RowConsumer } from '@rollcall/spreadsheets';

const sampleRows = 20;

/** Keeps the first rows that are not blank, as text, so that the table's shape can be told before it is read. */
export class RowSampler implements RowConsumer {
  readonly rows: string[][] = [];
  #row: string[] = [];

  get isFull(): boolean {
    return this.rows.length >= sampleRows;
  }

  beginRow(): void {
    this.#row = [];
  }

  cell(column: number, bytes: Buffer, start: number, end: number): void {
    while (this.#row.length < column) this.#row.push('');
    this.#row[column] = bytes.toString('utf8', start, end);
  }

  endRow(): void {
    const isBlank = this.#row.every((cell) => cell.trim() === '');
    if (!isBlank && !this.isFull) this.rows.push(this.#row);
  }
}
