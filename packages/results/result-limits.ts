import { defaultWorkbookLimits, type WorkbookLimits } from '@rollcall/spreadsheets';

/**
 * What a result file may cost. Every limit ends in a refusal that names it, never in a shorter result. The defaults let
 * the largest legal answer through (10 M rows of csv, 1 M rows of xlsx) and keep a hostile file within 256 MiB of memory.
 */
export interface ResultLimits extends WorkbookLimits {
  /** Bytes inflated from all members that are read in full, shared strings included. */
  readonly maxInflatedBytes: number;
  /** Data rows, all members together. The providers take at most 10,000,000 numbers a task. */
  readonly maxRows: number;
  /**
   * Further columns of one row, and of all rows: whoever joins rows to numbers holds them all until the outcome is known.
   * A sheet names a shared string of 8 KB in 22 bytes, so 374 KB of xlsx became 1.2 GB. A million rows may have 64 bytes
   * each; attributes beyond a row's twelfth count for 64 bytes more, which is what holding one then costs.
   */
  readonly maxAttributeBytesPerRow: number;
  readonly maxAttributeBytes: number;
  /** One record of a delimited text, quoted newlines included. */
  readonly maxRecordBytes: number;
}

export const defaultResultLimits: ResultLimits = {
  ...defaultWorkbookLimits,
  maxInflatedBytes: 2_147_483_648,
  maxRows: 12_000_000,
  maxAttributeBytesPerRow: 32_768,
  maxAttributeBytes: 67_108_864,
  maxRecordBytes: 1_048_576,
};
