import type { Database, ExportedJob } from '@rollcall/db';
import { finalJobStates } from '@rollcall/domain';
import type { TextForm } from '@rollcall/numbers';

/** What an export reads. */
export interface ExportSource {
  readonly database: Database;
  readonly job: ExportedJob;
  /** Answers of retries are taken, where they say more. */
  readonly latest: boolean;
  /** Aborted when nobody reads any more. */
  readonly signal: AbortSignal;
}

/** Lines of csv, and how many rows they are. */
export interface CsvText {
  readonly text: string;
  readonly rows: number;
}

/**
 * What an export gives, in its two forms. One of them is walked, once. Batches are of bounded size, and each is asked for when the one
 * before was taken.
 */
export interface ExportTable {
  /** A table's columns, for csv and xlsx. */
  header(): Promise<readonly string[]>;
  /** How csv is to be written; asked after the header. */
  form?(): TextForm | undefined;
  /** The same rows as csv with commas, where they come as text; asked after the header, and in place of `rows`. */
  csv?(): AsyncGenerator<CsvText>;
  /** The rows under that header. */
  rows(): AsyncGenerator<readonly (readonly string[])[]>;
  /** The same as objects, for ndjson. */
  objects(): AsyncGenerator<readonly object[]>;
}

/** Whether every number of the job has its row, so that an export without one of them is not whole. */
export function isClosed({ state }: Pick<ExportedJob, 'state'>): boolean {
  return finalJobStates.some((final) => final === state);
}
