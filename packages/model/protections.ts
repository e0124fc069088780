/**
 * What keeps money and rows safe, each of which can be taken out of the model: a walk without one of them must find what it is there
 * for, or the walk could not fail.
 */
export const allProtections = {
  /** The unique index `one_attempt_that_may_cost`. */
  moneyLock: true,
  /** The trigger `guard_attempts` asks for an approval where money may have been spent before. */
  approvalToPayAgain: true,
  /** The trigger lets an attempt that may have cost go only with an approval of its own. */
  approvalToLetGo: true,
  /** `pay_again` writes its approval down. */
  approvalIsKept: true,
  /** The unique index `one_attempt_per_task`. */
  oneAttemptPerTask: true,
  /** An answer settles an attempt only while it is open. */
  settledOnce: true,
  /** A status of an earlier time than what is believed of the task is not taken. */
  goesBack: true,
  /** Writes name the fence of their claim. */
  fenceOfPolls: true,
  fenceOfIngests: true,
  /** Publishing asks that the chunk is still being ingested. */
  publishOnce: true,
  /** An attempt whose worker died is unknown. Without: it was never sent, as a queue's own retry has it. */
  silenceIsUnknown: true,
  /** An upload whose worker died is held. Without: it is ready, and its attempt unknown. */
  silenceIsHeld: true,
  /** An upload without an answer is held, and its attempt unknown. */
  lostAnswerIsUnknown: true,
  /** Every answer is kept as evidence, and an acceptance moves what is held. */
  lateAnswerIsKept: true,
  /** An acceptance that was stored before a person decided is no late one. */
  knownIsNotLate: true,
  /** Whether a job was cancelled is asked again under its lock, when a chunk would become ready. */
  cancelAskedAgain: true,
  /** Giving up an unknown upload keeps its money at risk. */
  givenUpIsAtRisk: true,
  /** The sweep that ends the claims of the dead. */
  sweepOfSubmits: true,
  sweepOfIngests: true,
} as const;

export type Protections = { readonly [Name in keyof typeof allProtections]: boolean };
