import type { Verdict } from '@rollcall/domain';

/** Why a file could not be read as a result. Closed: operators and alerts rely on the words. */
export const unreadableCodes = [
  /** No bytes, only blanks, an archive without members, or a header without rows. */
  'empty',
  // Whole files of another kind, told by their first bytes.
  'html',
  'xml',
  'json',
  'gzip',
  'pdf',
  'xls',
  'other_archive',
  'binary',
  'unsupported_encoding',
  // Bytes that are not all there, or not the ones that were written.
  'cut',
  'corrupt',
  'malformed',
  // Archives that are not opened.
  'encrypted',
  'unsafe_member',
  'nested_archive',
  'unsupported_compression',
  'doctype',
  // Limits.
  'too_large',
  'too_many_entries',
  'too_many_rows',
  'too_many_columns',
  'cell_too_large',
  /** It wanted more memory, or more of the processor, than the process that reads it may have. */
  'too_much_memory',
  'took_too_long',
  // Readable, but not an answer to what was asked.
  'no_sheet',
  'no_table',
  'no_number_column',
  'no_verdict_column',
  /** The verdict column is named after another service than the one that was asked. */
  'other_check',
  /** The account says that the file lists one kind of numbers only, and the file has verdicts (or the reverse). */
  'semantics_mismatch',
  /** One list of two: what is not listed may be the other answer, or lost. */
  'one_sided',
] as const;
export type UnreadableCode = (typeof unreadableCodes)[number];

export const resultFormats = ['txt', 'csv', 'xlsx', 'zip:txt', 'zip:csv', 'zip:xlsx'] as const;
export type ResultFormat = (typeof resultFormats)[number];

/** One member, sheet or bare file that rows came from. */
export interface ReadPart {
  /** Name inside the archive or workbook, cleaned for display; null for a bare file. */
  readonly name: string | null;
  /** The verdict that its being listed gives to each number, or null where a column says it. */
  readonly listed: Verdict | null;
  readonly rows: number;
}

export type ResultOutcome =
  | {
      readonly kind: 'read';
      readonly format: ResultFormat;
      /** Data rows: header and blank records are not counted, unreadable rows are. */
      readonly rows: number;
      /** Rows whose number cell held no usable number. */
      readonly unreadableRows: number;
      /** Those of them whose number is zeros alone, as an erasure leaves it. Absent: none. */
      readonly zeroedRows?: number;
      /** Rows whose verdict was empty or a word that nobody has explained. */
      readonly undeterminedRows: number;
      /** Column names, lower case and trimmed, in file order; empty where there is no header. */
      readonly columns: readonly string[];
      readonly parts: readonly ReadPart[];
      /** Members and sheets that were left alone, cleaned for display. */
      readonly ignored: readonly string[];
      /**
       * False only for a bare text whose last record has no line end and still reads well. Bare text has no trailer, so
       * nobody can see from the bytes whether a digit or further rows are lost: count the rows against the chunk, and
       * take a foreign number together with `false` here for a cut.
       */
      readonly lastRecordTerminated: boolean;
    }
  | {
      readonly kind: 'unreadable';
      readonly code: UnreadableCode;
      /** What is wrong, in which member and row. Never a number, never the content of a cell. */
      readonly message: string;
      readonly member: string | null;
      /** 1-based, counting records of the member, header included. */
      readonly row: number | null;
    };
