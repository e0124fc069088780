export type { Intake, NumberColumn, UploadFormat } from './intake.ts';
export { callingCodeOf } from './numbering-plan.ts';
export { JsonSplitter } from './json-splitter.ts';
export { LineSink } from './line-sink.ts';
export type { ReadNumbersOptions } from './read-numbers.ts';
export { readNumbers } from './read-numbers.ts';
export type { ReadLimit, ReadNumbersOutcome, Refusal, RefusalCode } from './read-outcome.ts';
export { refusalCodes } from './read-outcome.ts';
export {
  findInUpload,
  type KeptUpload,
  type LineOfUpload,
  type PlaceInUpload,
  readUploadLines,
  type TextForm,
  UnreadableUpload,
} from './read-upload-lines.ts';
export type { Reject } from './reject.ts';
export { type RejectReason, rejectReasons } from './reject-reason.ts';
export { readTxt } from './txt-reader.ts';
