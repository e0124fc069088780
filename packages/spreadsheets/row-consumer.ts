/**
 * What a cell's bytes are. `number`: a double by the file's own type, so that scientific form is its value and not a
 * display. `date`: an ISO 8601 text by that type; or a double (days since the workbook's epoch) whose style shows a date.
 * Where the workbook was opened with its styles, and only there, dates of that second kind are told, a number whose style is
 * zeros alone (`00000`) comes with the zeros that it is shown with, and one whose style counts hours (`[h]:mm`) comes as a
 * date in the form `30:00`.
 */
export type CellKind = 'text' | 'number' | 'date';

/**
 * What a tokenizer of rows (delimited text, sheet) tells. A cell's bytes are valid only during the call. A row that was
 * begun may be begun again with the same number, when its bytes did not all fit; only `endRow` counts.
 */
export interface RowConsumer {
  /** @param row 1-based, counting every record, header and blank ones included */
  beginRow(row: number): void;
  /** @param column 0-based */
  cell(column: number, bytes: Buffer, start: number, end: number, kind: CellKind): void;
  endRow(): void;
}
