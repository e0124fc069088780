export {
  type Account,
  accountListSchema,
  accountSchema,
  confirmSemanticsBodySchema,
  pauseAccountBodySchema,
  resumeAccountBodySchema,
} from './account.ts';
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
export {
  type ExportedResult,
  type ExportFormat,
  exportedResultSchema,
  exportQuerySchema,
  type UploadLine,
  uploadLineSchema,
} from './export.ts';
export type { HeldDecision } from './decision.ts';
export { liveSchema, type Ready, readySchema } from './health.ts';
export {
  type Hold,
  holdPageSchema,
  holdQuerySchema,
  type ResolveHold,
  resolveHoldBodySchema,
  resolvedHoldSchema,
  type WholeHold,
  wholeHoldSchema,
} from './hold.ts';
export {
  type Job,
  jobLinksOf,
  jobPageSchema,
  type JobQuery,
  jobQuerySchema,
  jobSchema,
  type JobSummary,
} from './job.ts';
export { type JobEventName, lastEventIdSchema } from './job-event.ts';
export { jobIdSchema } from './job-id.ts';
export {
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
} from './key.ts';
export { accountIdSchema } from './names.ts';
export { type PatchJob, patchJobSchema } from './patch-job.ts';
export { type Problem, problemSchema } from './problem.ts';
export { rejectPageSchema, rejectQuerySchema } from './reject.ts';
export {
  type Replay,
  replayChunkSchema,
  type ReplayedJob,
  type ReplayedRow,
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
export { type Result, resultPageSchema, resultQuerySchema, resultSchema } from './result.ts';
export { type RetryJob, retryJobSchema } from './retry-job.ts';
