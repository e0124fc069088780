// What is public of the database, name by name: a list, which is not split where it passes 300 lines.
export { askPostgres } from './ask-postgres.ts';
export { checkDurability } from './check-durability.ts';
export { checkRole } from './check-role.ts';
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
export { type AuditAnchor, type VerifiedChain, verifyAudit } from './verify-audit.ts';
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
  changeApiKey,
  findApiKey,
  type KeyLimits,
  listApiKeys,
  readTenantName,
  validKeysOf,
} from './sql/api-keys.ts';
export { appendAudit, type AuditEntry } from './sql/audit-trail.ts';
export { cutAudit } from './sql/cut-audit.ts';
export { readAudit } from './sql/read-audit.ts';
export { type AskedReplay, askReplay, chunksToReplay } from './sql/ask-replay.ts';
export { beginUpload } from './sql/begin-upload.ts';
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
  type SubmitClaim,
  unblockChunk,
} from './sql/claim-submit.ts';
export { numbersOfChunk } from './sql/numbers-of-chunk.ts';
export {
  countUsage,
  foreseeUsage,
  type KeyEnded,
  type LimitReached,
  readUsage,
  unlessRefused,
} from './sql/count-usage.ts';
export { bookTurn, inTurn } from './sql/fair-shares.ts';
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
export {
  dropMonths,
  emptyEvidence,
  type RetentionMonths,
} from './sql/drop-months.ts';
export { type DueWork, dueWork } from './sql/due-work.ts';
export { eraseFromJob, type JobWithNumber, jobsWithNumber } from './sql/erase-from-job.ts';
export {
  eraseFromRows,
  nationalSpellingsOf,
  type NationalSpellings,
  readRegions,
  stepsThroughRows,
} from './sql/erase-from-rows.ts';
export {
  claimErasures,
  deferErasures,
  type ErasureClaim,
  finishErasure,
  noteRemoved,
  seeErasureAgain,
  seeErasures,
} from './sql/erase-number.ts';
export {
  dropNotes,
  filesToLookThrough,
  filesToRewrite,
  type KeptFile,
  type NewBytes,
  noteFileWithErased,
  passFile,
  putOffNotes,
  readErasedNumbers,
  replaceFile,
} from './sql/erased-files.ts';
export { askErasure, type ErasureRow, readErasure } from './sql/erasures.ts';
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
  askForReplan,
  closeUnsendable,
  leaveOutSuppressed,
  lookLater,
  passSuppressions,
} from './sql/leave-out.ts';
export { createApiKey, createApiKeyOnce, type MadeOnce } from './sql/make-key.ts';
export { readLearnedLimits } from './sql/learned-limits.ts';
export {
  type Area,
  insertChunks,
  insertRejectedChunk,
  type NewChunk,
  supersedeUnsent,
  wholeJob,
} from './sql/plan-chunks.ts';
export {
  failJob,
  lockJobForPlanning,
  type PlannedJob,
  postponePlanning,
  startRunning,
} from './sql/planned-job.ts';
export { resultInTurn, smallResult } from './sql/result-in-turn.ts';
export { nextReady } from './sql/next-ready.ts';
export {
  claimPolls,
  type PollClaim,
  type PollSettled,
  serverNow_ms,
  settlePoll,
} from './sql/poll-tasks.ts';
export { auditSums } from './sql/audit-sums.ts';
export { type CapsRow, sumCountedByCaps } from './sql/caps.ts';
export { readSummary, type SummaryRow } from './sql/summary.ts';
export { closeIntake, dropOldIntakes, type OpenIntake, openIntake } from './sql/intakes.ts';
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
  readRejectLines,
} from './sql/read-export.ts';
export { readExportCsv } from './sql/read-export-csv.ts';
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
export { ownJobs, readDropped, readJobState } from './sql/read-job-state.ts';
export {
  type AttentionRow,
  type JobRow,
  listJobs,
  type RejectRow,
  readAttention,
  readJob,
  readRejectReasons,
  readRejects,
} from './sql/read-jobs.ts';
export { type AnsweringChunk, type ResultRow, readResults } from './sql/read-results.ts';
export {
  countErasures,
  type ProcessingRow,
  readProcessing,
} from './sql/read-processing.ts';
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
export { revokeApiKey, revokeEarlierApiKeys } from './sql/revoke-key.ts';
export { rotateApiKey } from './sql/rotate-key.ts';
export { endSession, findSession, openSession, type Session } from './sql/sessions.ts';
export { type SettledReplay, settleReplay } from './sql/settle-replay.ts';
export { type Settled, settleSubmit } from './sql/settle-submit.ts';
export { answerFacts, findIntent, type SubmittedChunk } from './sql/submitted-chunk.ts';
export {
  checkSuppressionSecrets,
  countSecretUses,
  type SecretUse,
} from './sql/suppression-secrets.ts';
export {
  addSuppressions,
  countSuppressions,
  removeSuppressions,
  type SuppressionsRemoved,
} from './sql/suppressions.ts';
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
export {
  type FinishedTask,
  learnTaskTime,
  readTaskTimes,
  type TaskTimes,
} from './sql/task-times.ts';
export { inTenant } from './tenant-scope.ts';
export { together } from './together.ts';
export {
  type HeldNumbers,
  type SuppressionCheck,
  suppressionCheck,
  type SuppressionFound,
} from './suppression-check.ts';
export { whichDiskIsFull } from './which-disk-is-full.ts';
