/**
 * What a tokenizer of rows (delimited text, sheet) tells. A cell's bytes are valid only during the call. A row that was
 * begun may be begun again with the same number, when its bytes did not all fit; only `endRow` counts.
 */
export interface RowConsumer {
  /** @param row 1-based, counting every record, header and blank ones included */
  beginRow(row: number): void;
  /**
   * @param column 0-based
   * @param isDouble the file's own type says that the cell is a number (xlsx)
   */
  cell(column: number, bytes: Buffer, start: number, end: number, isDouble: boolean): void;
  endRow(): void;
}
