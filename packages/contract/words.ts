import type { JobState, Outcome, Scope } from '@rollcall/domain';

/**
 * The domain's words, written out, since a client needs no domain: as keys of a record, so that the compiler refuses a
 * word that is missing here as well as one too many.
 */
const outcomeWords: Readonly<Record<Outcome, true>> = {
  registered: true,
  not_registered: true,
  banned: true,
  undetermined: true,
  missing: true,
  failed: true,
  cancelled: true,
  suppressed: true,
  erased: true,
};

/** All but `receiving`: a job that is still being stored is seen by nobody. */
const jobStateWords: Readonly<Record<Exclude<JobState, 'receiving'>, true>> = {
  planning: true,
  running: true,
  paused: true,
  cancelling: true,
  completed: true,
  completed_with_errors: true,
  cancelled: true,
  failed: true,
};

const scopeWords: Readonly<Record<Scope, true>> = {
  'jobs:write': true,
  'jobs:read': true,
  'results:read': true,
  'holds:resolve': true,
  'approvals:write': true,
  admin: true,
};

export const outcomes = Object.keys(outcomeWords) as Outcome[];
export const visibleJobStates = Object.keys(jobStateWords) as Exclude<JobState, 'receiving'>[];
export const scopes = Object.keys(scopeWords) as Scope[];
