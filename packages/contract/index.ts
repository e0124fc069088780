export {
  type Account,
  accountListSchema,
  accountSchema,
  confirmSemanticsBodySchema,
  pauseAccountBodySchema,
  resumeAccountBodySchema,
} from './account.ts';
export { type AuditRow, auditPageSchema, auditQuerySchema } from './audit.ts';
export { type CancelledJob, cancelledJobSchema } from './cancellation.ts';
export { type Check, checkListSchema } from './check.ts';
export {
  type Chunk,
  chunkPageSchema,
  chunkQuerySchema,
  type WholeChunk,
  wholeChunkSchema,
} from './chunk.ts';
export { chunkIdSchema } from './chunk-id.ts';
export {
  type CreateJobOptions,
  createJobBodySchema,
  createJobFieldsSchema,
  createJobFormSchema,
  createJobOptionsSchema,
  createJobQuerySchema,
  idempotencyKeySchema,
} from './create-job.ts';
export type { HeldDecision } from './decision.ts';
export {
  type ExportedResult,
  type ExportFormat,
  exportedResultSchema,
  exportQuerySchema,
  type UploadLine,
  uploadLineSchema,
} from './export.ts';
export { liveSchema, type Ready, readySchema } from './health.ts';
export {
  type Hold,
  heldMoneyText,
  holdPageSchema,
  holdQuerySchema,
  type ResolveHold,
  resolvedHoldSchema,
  resolveHoldBodySchema,
  type WholeHold,
  wholeHoldSchema,
} from './hold.ts';
export {
  type Job,
  type JobQuery,
  type JobSummary,
  jobLinksOf,
  jobPageSchema,
  jobQuerySchema,
  jobSchema,
} from './job.ts';
export { type JobEventName, lastEventIdSchema } from './job-event.ts';
export { jobIdSchema } from './job-id.ts';
export {
  changeKeyBodySchema,
  createKeyBodySchema,
  type Key,
  keyIdSchema,
  keyPageSchema,
  keyQuerySchema,
  keySchema,
  type NewKey,
  newKeySchema,
  type OwnKey,
  ownKeySchema,
  rotatedKeySchema,
  rotateKeyBodySchema,
} from './key.ts';
export { accountIdSchema } from './names.ts';
export { type PatchJob, patchJobSchema } from './patch-job.ts';
export { phoneNumberInPathSchema, phoneNumberSchema } from './phone-number.ts';
export { type Problem, problemSchema } from './problem.ts';
export { rejectPageSchema, rejectQuerySchema } from './reject.ts';
export {
  type Replay,
  type ReplayedJob,
  type ReplayedRow,
  replayChunkSchema,
  replayedJobSchema,
  replayedRowPageSchema,
  replayIdSchema,
  replayJobSchema,
  replayPageSchema,
  replayQuerySchema,
  replaySchema,
} from './replay.ts';
export {
  type ResolvedHolds,
  type ResolveHolds,
  resolvedHoldsSchema,
  resolveHoldsBodySchema,
} from './resolve-holds.ts';
export { type Summary, summaryQuerySchema, summarySchema } from './summary.ts';
export { type Result, resultPageSchema, resultQuerySchema, resultSchema } from './result.ts';
export { type RetryJob, retryJobSchema } from './retry-job.ts';
export {
  addSuppressionsBodySchema,
  onRequestOfQuerySchema,
  type SuppressionList,
  removeSuppressionQuerySchema,
  removeSuppressionsBodySchema,
  suppressionListSchema,
  suppressionsAddedSchema,
  suppressionsAtOnce_max,
  suppressionsRemovedSchema,
} from './suppression.ts';
export { type Erasure, askErasureBodySchema, erasureIdSchema, erasureSchema } from './erasure.ts';
export {
  type ProcessingRecord,
  processingRecordSchema,
  processingRecordsQuerySchema,
  processingRecordsSchema,
} from './processing-record.ts';
