export { openNamelessFile } from '@rollcall/spreadsheets';
export type { NumberProblem } from './number-cell.ts';
export { type ReadResultOptions, specialCategoryColumns } from './read-context.ts';
export { readResult } from './read-result.ts';
export type { ResultBatch, UnreadableRow } from './result-batch.ts';
export type { ResultLimits } from './result-limits.ts';
export type {
  ReadPart,
  ResultFormat,
  ResultOutcome,
  UnreadableCode,
} from './result-outcome.ts';
