export {
  constraintOf,
  type Database,
  type DatabaseOptions,
  openDatabase,
  type Queryable,
  sqlStateOf,
  type Transaction,
} from './database.ts';
export { type Migrated, MigrationChanged, migrate } from './migrate.ts';
export {
  type AccountState,
  accountState,
  blockReady,
  confirmSemantics,
  originOf,
  pauseAccount,
  recordBalance,
  reserveRequest,
  resetBreaker,
  resumeAccount,
  syncAccounts,
  takeBalanceLook,
  unblockAccount,
} from './sql/accounts.ts';
export {
  type ApiKey,
  type ApiKeyRow,
  createApiKey,
  findApiKey,
  listApiKeys,
  readTenantName,
  revokeApiKey,
} from './sql/api-keys.ts';
export { type BlobDigest, type BlobFacts, type BlobStore, postgresBlobs } from './sql/blobs.ts';
export { releaseBehindCanary } from './sql/canary.ts';
export {
  claimIngest,
  countParseStart,
  endParse,
  type IngestClaim,
  recordArtifact,
} from './sql/claim-ingest.ts';
export {
  blockChunk,
  claimSubmit,
  extendLease,
  type LoadedSubmit,
  loadSubmit,
  nextReady,
  numbersOfChunk,
  type SubmitClaim,
  unblockChunk,
} from './sql/claim-submit.ts';
export { type Closing, closeChunks, closeIfAudited } from './sql/close-job.ts';
export { type Cancelled, cancelJob, pauseJob, resumeJob, setMaxCost } from './sql/control-job.ts';
export {
  adoptTask,
  type Decided,
  type Decider,
  giveUp,
  keepPolling,
  payAgain,
  replayArtifact,
} from './sql/decide-held.ts';
export { appendEvidence } from './sql/evidence.ts';
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
export { type Published, publishResults } from './sql/publish-results.ts';
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
export {
  knowsIdempotencyKey,
  type Received,
  type ReceivedJob,
  receiveJob,
} from './sql/receive-job.ts';
export {
  answerFacts,
  type Settled,
  findIntent,
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
