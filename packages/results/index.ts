export { openNamelessFile } from '@rollcall/spreadsheets';
export { decodeBatch, encodeBatch } from './batch-message.ts';
export {
  openResultReaders,
  type ReaderOfFile,
  type ResultReaders,
  smallFile_numbers,
} from './result-readers.ts';
export type { NumberProblem } from './number-cell.ts';
export type { ReadResultOptions } from './read-context.ts';
export { readResult } from './read-result.ts';
export type { ResultBatch, UnreadableRow } from './result-batch.ts';
export type { ResultLimits } from './result-limits.ts';
export type {
  ReadPart,
  ResultFormat,
  ResultOutcome,
  UnreadableCode,
} from './result-outcome.ts';
export {
  prepareResultReaders,
  ReaderDied,
  type ResultReader,
  startResultReader,
} from './start-result-reader.ts';
