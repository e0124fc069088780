import type { OriginalEncoding } from './original-archive.ts';
import type { Reject } from './reject.ts';
import type { RejectReason } from './reject-reason.ts';

export type TextFormat = 'txt' | 'csv' | 'tsv' | 'json';
export type UploadFormat = TextFormat | 'xlsx';

/** The column that the numbers were read from. */
export interface NumberColumn {
  /** 1-based. */
  readonly index: number;
  /** Its name in the header, where there is one. */
  readonly name?: string;
}

/**
 * A whole upload, read. Its parts may be iterated any number of times until it is closed; its files have
 * no name on disk any more, so nothing is left behind even by kill -9.
 */
export interface Intake extends AsyncDisposable {
  readonly format: UploadFormat;
  /** The header's cells as written, for csv, tsv and xlsx that have one. */
  readonly header?: readonly string[];
  /** For csv, tsv and xlsx. */
  readonly column?: NumberColumn;
  /** Non-blank records, header excluded. `lines === accepted + duplicates + rejected`, always. */
  readonly lines: number;
  /** Distinct numbers. */
  readonly accepted: number;
  /** Lines whose number another line had given already. */
  readonly duplicates: number;
  readonly rejected: number;
  /** How many lines were rejected for each reason that occurred; their sum is `rejected`. */
  readonly rejectReasons: ReadonlyMap<RejectReason, number>;
  /** E.164 digits as doubles, ascending and distinct, in batches of at most 65,536. */
  readonly sortedNumbers: () => AsyncIterable<Float64Array>;
  /** In line order, in batches. */
  readonly rejects: () => AsyncIterable<readonly Reject[]>;
  /**
   * The upload as it was sent, compressed: decoded by {@link originalEncoding} it is the text or workbook that the
   * lines were read from. A gzip upload and a workbook are kept byte for byte; any other is compressed here.
   */
  readonly original: () => AsyncIterable<Uint8Array>;
  readonly originalEncoding: OriginalEncoding;
  /** Of the bytes as received, before any decoding. */
  readonly originalBytes: number;
  /** Hexadecimal, of the bytes as received. */
  readonly originalSha256: string;
  /** Frees memory and disk. Idempotent. */
  readonly close: () => Promise<void>;
}
