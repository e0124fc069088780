import type { ReadPart, ResultFormat } from './result-outcome.ts';

/** What a reader of one kind of file answers once every batch has been taken. */
export interface PartsRead {
  readonly format: ResultFormat;
  readonly parts: readonly ReadPart[];
  readonly columns: readonly string[];
  readonly ignored: readonly string[];
  readonly lastRecordTerminated: boolean;
}
