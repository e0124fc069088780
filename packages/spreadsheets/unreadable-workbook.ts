/** Why an archive or workbook could not be read. Closed: results and intake each say it in words of their own. */
export type WorkbookProblem =
  /** An archive without members. */
  | 'empty'
  | 'unsupported_encoding'
  // Bytes that are not all there, or not the ones that were written.
  | 'cut'
  | 'corrupt'
  | 'malformed'
  // Archives that are not opened.
  | 'encrypted'
  | 'unsafe_member'
  | 'unsupported_compression'
  | 'doctype'
  // Limits.
  | 'too_large'
  | 'too_many_entries'
  | 'too_many_columns'
  | 'cell_too_large'
  | 'no_sheet';

/**
 * A refusal on its way up from a tokenizer, which is called once per byte run and cannot return a union through three
 * generators. Whoever reads a file through this package turns it into a value. Its message holds nothing of the file.
 */
export class UnreadableWorkbook extends Error {
  readonly code: WorkbookProblem;
  /** 1-based, counting all rows of the sheet. */
  readonly row: number | null;
  /** Cleaned for display. */
  member: string | null = null;

  constructor(code: WorkbookProblem, message: string, row: number | null = null) {
    super(message);
    this.name = 'UnreadableWorkbook';
    this.code = code;
    this.row = row;
  }
}
