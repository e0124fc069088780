export {
  adoptTask,
  type DecidedAs,
  giveUp,
  keepPolling,
  payAgain,
  replayArtifact,
} from './held-verbs.ts';
export {
  claimIngest,
  expireIngest,
  type FileClaim,
  type Leaving,
  leaveIngest,
  publishResults,
  recordArtifact,
} from './ingest-verbs.ts';
export { cancelJob, liftCeiling, pauseJob, resumeAccount, resumeJob } from './job-verbs.ts';
export { claimPoll, confirmAdoption, settlePoll, type TaskClaim } from './poll-verbs.ts';
export { allProtections } from './protections.ts';
export {
  type Due,
  fromZero,
  type LiftedTo,
  numbersInChunk,
  placeOf,
  readyStore,
  type Rules,
  type Store,
  uploadPrice,
} from './store.ts';
export {
  claimSubmit,
  expireSubmit,
  extendLease,
  settleSubmit,
  type SettledAs,
  type UploadClaim,
} from './submit-verbs.ts';
