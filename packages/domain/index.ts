export {
  type Account,
  type AdapterName,
  adapterNames,
  type CheckOffer,
  isAccountOf,
  refusesKeysForFree,
} from './account.ts';
export {
  type AttemptEdge,
  type AttemptOutcome,
  attemptEdges,
  attemptOutcomes,
  entryOf,
  fitsUnder,
  type LedgerEntry,
  mayHaveCost,
} from './attempt.ts';
export { type Backoff, backoff_ms, pollWait_ms } from './backoff.ts';
export {
  type Breaker,
  type BreakerCause,
  type BreakerFacts,
  type BreakerState,
  breakerNow,
  breakerStopsAt,
  breakerWindow_ms,
  unreadableReasons,
  uploadsAllowed,
} from './breaker.ts';
export {
  type BlockedReason,
  blockedReasons,
  type Chunk,
  type ChunkState,
  chunkEdges,
  chunkStates,
  type Edge,
  finalChunkStates,
  type HeldReason,
  heldReasons,
} from './chunk.ts';
export {
  type ChunkLimits,
  chunkSizes,
  effectiveLimits,
  type LearnedLimits,
  limitAfterRefusal,
} from './chunking.ts';
export {
  type AdoptionDecision,
  type AdoptionFacts,
  type AdoptionRefusal,
  adoptionSlack_ms,
  decideAdoption,
} from './decide-adoption.ts';
export {
  allowedDecisions,
  decisionsFor,
  factsFitting,
  type HeldDecision,
  type HeldFacts,
  heldDecisions,
} from './decide-held.ts';
export {
  type DownloadDecision,
  type DownloadFacts,
  decideDownload,
  decideParsed,
  ingestTriesMax,
  locatorRefreshesMax,
  type ParsedDecision,
  type ParsedFacts,
  parserDeathsMax,
  semanticsUnconfirmed,
} from './decide-ingest.ts';
export { type AreaPlan, decidePlan, type PlanFacts, replansMax } from './decide-plan.ts';
export {
  decidePoll,
  determinedOf,
  goesBack,
  missingPollsMax,
  type PollDecision,
  type Polled,
  type PollFacts,
  upstreamFailuresMax,
} from './decide-poll.ts';
export {
  decideReplay,
  type ReplayDecision,
  type ReplayFacts,
  type ReplayMode,
  replayModes,
  replayTriesMax,
} from './decide-replay.ts';
export { decideRetry, type RetryDecision, type RetryFacts } from './decide-retry.ts';
export {
  type AnsweredFacts,
  balanceWait_ms,
  decideAnswered,
  decideSubmit,
  freeTriesMax,
  type SubmitDecision,
  type SubmitFacts,
  type SubmitResult,
} from './decide-submit.ts';
export { beginningOf, type Share, takeTurn, type Turn, turnsByWaiting } from './fair-share.ts';
export {
  type ApprovalId,
  type ArtifactId,
  type AttemptId,
  type ChunkId,
  type ErasureId,
  type Id,
  type IdKind,
  idPrefixes,
  type JobId,
  makeId,
  parseId,
  type ReplayId,
} from './ids.ts';
export { closingState, finalJobStates, type JobState, jobEdges, jobStates } from './job.ts';
export { addMoney, formatMoney, type Money, noMoney, parseMoney, priceOf } from './money.ts';
export {
  type Outcome,
  type OutcomeCounts,
  outcomes,
  type ResultSemantics,
  resultSemantics,
  type Verdict,
  verdicts,
} from './outcome.ts';
export { firstWait_ms, soonerLook_ms } from './paced-wait.ts';
export { digitsOf, parsePhoneNumber, type PhoneNumber } from './phone-number.ts';
export {
  type BalanceAnswer,
  type DownloadAnswer,
  type Evidence,
  type ProviderAmount,
  type RefusalClass,
  type ResultLocator,
  type SentBody,
  type StatusAnswer,
  type SubmitAnswer,
  type TaskPhase,
  type TaskStatus,
  taskPhases,
  type UnknownReason,
} from './provider-answer.ts';
export {
  absentMeans,
  Reconciliation,
  type ReconciliationCounts,
  type SetAside,
} from './reconciliation.ts';
export { type Scope, scopes } from './scope.ts';
export { droppedColumns, specialCategories } from './special-categories.ts';
export {
  type EndedBetween,
  type LearnedPace,
  learnPace,
  type PaceMode,
  paceOf,
  sizeClassOf,
  type TaskPace,
} from './task-pace.ts';
