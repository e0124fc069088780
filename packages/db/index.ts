export { askPostgres } from './ask-postgres.ts';
export { checkDurability } from './check-durability.ts';
export {
  constraintOf,
  type Database,
  type DatabaseOptions,
  openDatabase,
  type Queryable,
  sqlStateOf,
  type Transaction,
} from './database.ts';
export { lookAfresh } from './look-afresh.ts';
export { type Migrated, MigrationChanged, migrate } from './migrate.ts';
export {
  blockReady,
  confirmSemantics,
  forgetBalance,
  originOf,
  pauseAccount,
  postponeBlocked,
  recordBalance,
  reserveRequest,
  resumeAccount,
  syncAccounts,
  takeBalanceLook,
  unblockAccount,
} from './sql/accounts.ts';
export { type AdoptionConfirmed, adoptTask, confirmAdoption } from './sql/adopt-task.ts';
export {
  type ApiKey,
  type ApiKeyRow,
  createApiKey,
  findApiKey,
  isKeyValid,
  listApiKeys,
  readTenantName,
  revokeApiKey,
  revokeEarlierApiKeys,
} from './sql/api-keys.ts';
export { type AskedReplay, askReplay, chunksToReplay } from './sql/ask-replay.ts';
export { keepDoubtBalance, takeDoubtLook } from './sql/balance-looks.ts';
export { type BlobDigest, type BlobFacts, type BlobStore, postgresBlobs } from './sql/blobs.ts';
export { readBreakers, resetBreaker, startCanary } from './sql/breaker.ts';
export { releaseBehindCanary } from './sql/canary.ts';
export {
  type ChunkToRead,
  claimIngest,
  countParseStart,
  endParse,
  type IngestClaim,
  recordArtifact,
} from './sql/claim-ingest.ts';
export { claimReplay, extendReplay, leaveReplay, type ReplayClaim } from './sql/claim-replay.ts';
export {
  blockChunk,
  type CapPeriod,
  claimSubmit,
  type LoadedSubmit,
  loadSubmit,
  nextReady,
  type SubmitClaim,
  unblockChunk,
} from './sql/claim-submit.ts';
export { numbersOfChunk } from './sql/numbers-of-chunk.ts';
export { type Closing, closeChunks, closeIfAudited } from './sql/close-job.ts';
export {
  type Cancelled,
  type Controlled,
  cancelJob,
  changeJob,
  pauseJob,
  resumeJob,
} from './sql/control-job.ts';
export {
  type Decided,
  type Decider,
  giveUp,
  keepPolling,
  payAgain,
  replayArtifact,
} from './sql/decide-held.ts';
export { type DueWork, dueWork } from './sql/due-work.ts';
export { appendEvidence } from './sql/evidence.ts';
export { extendLease } from './sql/extend-lease.ts';
export {
  type BatchDecisionRow,
  type HoldBatch,
  type HoldTally,
  listBatchHolds,
  openHoldBatch,
  readBatchDecisions,
  tallyBatchHolds,
} from './sql/hold-batch.ts';
export {
  claimIdempotencyKey,
  keepIdempotencyKey,
  knowsIdempotencyKey,
  type MadeBefore,
} from './sql/idempotency-key.ts';
export { type IngestStep, leaveIngest } from './sql/leave-ingest.ts';
export {
  type Area,
  failJob,
  insertChunks,
  insertRejectedChunk,
  lockJobForPlanning,
  type NewChunk,
  type PlannedJob,
  postponePlanning,
  readLearnedLimits,
  startRunning,
  supersedeUnsent,
  wholeJob,
} from './sql/plan-chunks.ts';
export {
  claimPolls,
  type PollClaim,
  type PollSettled,
  serverNow_ms,
  settlePoll,
} from './sql/poll-tasks.ts';
export { type CapsRow, sumCountedByCaps } from './sql/caps.ts';
export { type Published, publishResults } from './sql/publish-results.ts';
export {
  type AccountHealthRow,
  type AccountMoneyRow,
  countOpenChunks,
  listLearnedLimits,
  type OpenChunksRow,
  readAccountHealth,
  readLastTroubles,
  readUnpaid,
  sumAccountMoney,
  type TroubleRow,
  type UnpaidRow,
} from './sql/read-accounts.ts';
export type { Cancellation } from './sql/read-cancellation.ts';
export {
  type AttemptRow,
  type ChunkRow,
  type NamedChunkRow,
  nameChunks,
  type PollRow,
  readAttempts,
  readChunk,
  readChunks,
  readPolls,
} from './sql/read-chunks.ts';
export {
  type ChunkFacts,
  type ExportedJob,
  type ExportedRow,
  findExportedJob,
  findUpload,
  readAnswersTo,
  readAttributeNames,
  readChunkFacts,
  readExportPage,
  readNumbersPage,
} from './sql/read-export.ts';
export {
  anyHold,
  type DecisionRow,
  type EvidenceRow,
  findHeldArtifact,
  type HeldArtifactRow,
  type HeldUploadRow,
  type HoldFilter,
  type HoldRow,
  listHolds,
  readDecisions,
  readEvidence,
  readHeldUpload,
  readHold,
  sumHolds,
} from './sql/read-holds.ts';
export { readJobState } from './sql/read-job-state.ts';
export {
  type AttentionRow,
  type JobRow,
  listJobs,
  type RejectRow,
  type ResultRow,
  readAttention,
  readJob,
  readRejectReasons,
  readRejects,
  readResults,
} from './sql/read-jobs.ts';
export { type MetricFacts, metricReader } from './sql/read-metrics.ts';
export {
  countReplays,
  listReplays,
  type ReplayedRow,
  type ReplayRow,
  readReplay,
  readReplayedRows,
} from './sql/read-replays.ts';
export { jobTraceOfChunk, jobTraceparent } from './sql/read-trace.ts';
export { type Received, type ReceivedJob, receiveJob } from './sql/receive-job.ts';
export {
  countAskedAgain,
  countMissingBefore,
  insertRetry,
  lockRetryTree,
  type NewRetry,
  type RetryTree,
} from './sql/retry-job.ts';
export { type SettledReplay, settleReplay } from './sql/settle-replay.ts';
export {
  answerFacts,
  findIntent,
  type Settled,
  type SubmittedChunk,
  settleSubmit,
} from './sql/settle-submit.ts';
export {
  analyseResults,
  type DueDoorbell,
  dueDoorbells,
  type Expired,
  expireLeases,
  prune,
  sweepAlone,
} from './sql/sweep-due.ts';
export { takeRing } from './sql/take-ring.ts';
export { whichDiskIsFull } from './which-disk-is-full.ts';
