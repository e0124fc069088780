export { type Account, type AdapterName, adapterNames, type CheckOffer } from './account.ts';
export {
  type ApprovalId,
  type ArtifactId,
  type AttemptId,
  type ChunkId,
  type Id,
  type IdKind,
  idFromUuid,
  idPrefixes,
  type JobId,
  makeId,
  parseId,
  uuidOf,
} from './ids.ts';
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
export {
  type BalanceAnswer,
  type DownloadAnswer,
  type Evidence,
  type ProviderAmount,
  type RefusalClass,
  type ResultLocator,
  type StatusAnswer,
  type SubmitAnswer,
  type TaskPhase,
  type TaskStatus,
  taskPhases,
  type UnknownReason,
} from './provider-answer.ts';
