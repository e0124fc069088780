export type { ResultFile } from './file-bytes.ts';
export { type NumberProblem, numberProblems } from './number-cell.ts';
export { type ReadResultOptions, specialCategoryColumns } from './read-context.ts';
export { readResult } from './read-result.ts';
export type { ResultBatch, UnreadableRow } from './result-batch.ts';
export { defaultResultLimits, type ResultLimits } from './result-limits.ts';
export {
  type ReadPart,
  type ResultFormat,
  type ResultOutcome,
  type UnreadableCode,
  unreadableCodes,
} from './result-outcome.ts';
