export type { Intake, NumberColumn, UploadFormat } from './intake.ts';
export type { ReadNumbersOptions } from './read-numbers.ts';
export { readNumbers } from './read-numbers.ts';
export type { ReadNumbersOutcome, Refusal, RefusalCode } from './read-outcome.ts';
export { refusalCodes } from './read-outcome.ts';
export {
  type KeptUpload,
  type LineOfUpload,
  readUploadLines,
  type TextForm,
} from './read-upload-lines.ts';
export type { Reject } from './reject.ts';
export { type RejectReason, rejectReasons } from './reject-reason.ts';
