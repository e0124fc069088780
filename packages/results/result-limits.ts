/**
 * What a result file may cost. Every limit ends in a refusal that names it, never in a shorter result. The defaults let
 * the largest legal answer through (10 M rows of csv, 1 M rows of xlsx) and keep a hostile file within 256 MiB of memory.
 */
export interface ResultLimits {
  /** Bytes inflated from all members that are read in full, shared strings included. */
  readonly maxInflatedBytes: number;
  /** Inflated ÷ compressed bytes of one member, asked once it has inflated past 16 MiB. Real sheets stay below 40. */
  readonly maxInflationRatio: number;
  /** Members of one archive. */
  readonly maxEntries: number;
  /** Data rows, all members together. The providers take at most 10,000,000 numbers a task. */
  readonly maxRows: number;
  /** Cells of one row; an xlsx cell further right (XFD1048576) is refused too. */
  readonly maxColumns: number;
  readonly maxCellBytes: number;
  /**
   * Further columns of one row, and of all rows: whoever joins rows to numbers holds them all until the outcome is known.
   * A sheet names a shared string of 8 KB in 22 bytes, so 374 KB of xlsx became 1.2 GB. A million rows may have 64 bytes
   * each; attributes beyond a row's twelfth count for 64 bytes more, which is what holding one then costs.
   */
  readonly maxAttributeBytesPerRow: number;
  readonly maxAttributeBytes: number;
  /** One record of a delimited text, quoted newlines included. */
  readonly maxRecordBytes: number;
  /** All shared strings of a workbook together; they are the only part that is held in memory whole. */
  readonly maxSharedStringBytes: number;
  readonly maxSharedStrings: number;
}

export const defaultResultLimits: ResultLimits = {
  maxInflatedBytes: 2_147_483_648,
  maxInflationRatio: 200,
  maxEntries: 256,
  maxRows: 12_000_000,
  maxColumns: 256,
  maxCellBytes: 8_192,
  maxAttributeBytesPerRow: 32_768,
  maxAttributeBytes: 67_108_864,
  maxRecordBytes: 1_048_576,
  maxSharedStringBytes: 67_108_864,
  maxSharedStrings: 4_000_000,
};
