import {
  type AttemptOutcome,
  entryOf,
  type Money,
  mayHaveCost,
  type SubmitAnswer,
  type SubmitResult,
} from '@rollcall/domain';
import {
  attemptAt,
  book,
  changeAttempt,
  changeChunk,
  closeChunk,
  type Due,
  Refused,
  type Rules,
  type Store,
  uploadPrice,
} from './store.ts';

/** The verbs of an upload: packages/db/sql/{claim-submit,settle-submit,sweep-due}.ts. */

export interface UploadClaim {
  readonly attempt: number;
  readonly fence: number;
}

const isFree = (outcome: AttemptOutcome): boolean =>
  outcome === 'not_sent' || outcome === 'refused_free';

/** The newest approval that no attempt has used up. */
export function openApproval(store: Store): number | null {
  const index = store.approvals.findLastIndex(
    (_, at) => !store.attempts.some((each) => each.approval === at && !isFree(each.outcome)),
  );
  return index === -1 ? null : index;
}

/** What the job has reserved and not had released, or released and found to be charged after all. */
export function spentByJob(store: Store): Money {
  const uploads = store.attempts.filter(
    ({ entries }) => !entries.includes('release') || entries.includes('write_off'),
  ).length;
  return (BigInt(uploads) * uploadPrice) as Money;
}

export function claimSubmit(store: Store, { protections }: Rules, lease: Due): UploadClaim {
  const { attempts, chunk } = store;
  const approval = openApproval(store);
  const paidBefore = attempts.some(
    ({ outcome }) => outcome === 'not_charged' || outcome === 'written_off',
  );
  if (protections.approvalToPayAgain && paidBefore !== (approval !== null)) {
    throw new Refused('paying_again_needs_approval');
  }
  if (protections.moneyLock && attempts.some(({ outcome }) => mayHaveCost.includes(outcome))) {
    throw new Refused('one_attempt_that_may_cost');
  }
  store.attempts = [
    ...attempts,
    { outcome: 'intent', task: null, approval, entries: ['reserve'], phase: null },
  ];
  const claim = { attempt: attempts.length, fence: chunk.fence + 1 };
  changeChunk(store, { state: 'submitting', due: lease, ...claim });
  return claim;
}

export function blockChunk(
  store: Store,
  reason: NonNullable<Store['chunk']['reason']>,
  due: Due,
): void {
  changeChunk(store, { state: 'blocked', reason, due });
}

export function unblockChunk(store: Store): void {
  changeChunk(store, { state: 'ready', reason: null, due: 'past' });
}

/** What an account's chunks were blocked for is gone. */
export function unblockAccount(store: Store, reasons: readonly string[]): void {
  const { state, reason } = store.chunk;
  if (state === 'blocked' && reason !== null && reasons.includes(reason)) unblockChunk(store);
}

/** False: the claim is gone. */
export function extendLease(store: Store, fence: number, lease: Due): boolean {
  const { chunk } = store;
  const stands =
    chunk.fence === fence && (chunk.state === 'submitting' || chunk.state === 'ingesting');
  if (stands) changeChunk(store, { due: lease });
  return stands;
}

export type SettledAs = 'applied' | 'stale' | 'duplicate_task_id';

/** `due`: when the chunk is looked at again, where the result says so. */
export function settleSubmit(
  store: Store,
  rules: Rules,
  claim: UploadClaim,
  answer: SubmitAnswer,
  result: SubmitResult,
  due: Due,
): SettledAs {
  if (answer.kind === 'accepted') return settleAccepted(store, rules, claim, answer.taskId, due);
  const { protections } = rules;
  if (attemptAt(store, claim.attempt).outcome !== 'intent' && protections.settledOnce)
    return 'stale';
  changeAttempt(store, rules, claim.attempt, answer.kind);
  if (entryOf(answer.kind) === 'release') book(store, claim.attempt, 'release');
  const opens = result.kind === 'retry' || result.kind === 'blocked' || result.kind === 'replan';
  const cancelled = opens && store.job === 'cancelling' && protections.cancelAskedAgain;
  return moveChunk(store, claim, cancelled ? { kind: 'cancelled' } : result, due);
}

function settleAccepted(
  store: Store,
  rules: Rules,
  claim: UploadClaim,
  task: string,
  due: Due,
): SettledAs {
  const { chunk } = store;
  const stands = chunk.state === 'submitting' && chunk.fence === claim.fence;
  if (!stands && !rules.protections.lateAnswerIsKept) return 'stale';
  const told = `${claim.attempt}:${task}`;
  if (!store.evidence.includes(told)) store.evidence = [...store.evidence, told];
  const { outcome, task: known } = attemptAt(store, claim.attempt);
  if (outcome !== 'intent' && outcome !== 'unknown' && rules.protections.settledOnce) {
    // It was paid for again meanwhile: its money went twice, also where it was said to have cost nothing. An answer that is stored
    // again, since the reply to its COMMIT was lost, was known when the person decided.
    const isLetGo = outcome === 'not_charged' || outcome === 'written_off';
    const isKnown = known === task && rules.protections.knownIsNotLate;
    if (isLetGo && !isKnown) book(store, claim.attempt, 'write_off');
    return 'stale';
  }
  if (!changeAttempt(store, rules, claim.attempt, 'accepted', task)) {
    if (outcome === 'intent') changeAttempt(store, rules, claim.attempt, 'unknown');
    if (stands) holdUnknown(store);
    return 'duplicate_task_id';
  }
  book(store, claim.attempt, 'commit');
  const moves =
    chunk.attempt === claim.attempt &&
    (stands || (chunk.state === 'held' && chunk.reason === 'unknown') || chunk.adopting !== null);
  if (moves) {
    changeChunk(store, {
      state: 'polling',
      reason: null,
      due,
      missingPolls: rules.starts.missingPolls,
      upstreamFailures: rules.starts.upstreamFailures,
      fence: chunk.fence + 1,
      adopting: null,
    });
  }
  unblockAccount(store, ['provider_balance']);
  return moves ? 'applied' : 'stale';
}

function moveChunk(store: Store, claim: UploadClaim, result: SubmitResult, due: Due): SettledAs {
  const { chunk } = store;
  if (result.kind === 'blocked' && result.reason === 'auth') pause(store);
  if (result.kind === 'held' && result.keyRefused) pause(store);
  if (chunk.state !== 'submitting' || chunk.fence !== claim.fence) return 'stale';
  switch (result.kind) {
    case 'accepted':
      throw new Error('an acceptance is settled by settleAccepted');
    case 'retry':
      changeChunk(store, { state: 'ready', freeTries: chunk.freeTries + 1, due });
      return 'applied';
    case 'blocked':
      blockChunk(store, result.reason, due);
      return 'applied';
    case 'replan':
      // A chunk that may have been paid for before is not cut anew.
      if (attemptAt(store, claim.attempt).approval !== null) {
        return moveChunk(store, claim, { kind: 'rejected', reason: 'batch_size_refused' }, due);
      }
      blockChunk(store, 'replan', null);
      return 'applied';
    case 'held':
      holdUnknown(store);
      return 'applied';
    case 'rejected':
      changeChunk(store, { state: 'rejected', reason: 'refused', due: null });
      closeChunk(store, 'failed');
      return 'applied';
    case 'cancelled':
      changeChunk(store, { state: 'cancelled', due: null });
      closeChunk(store, 'cancelled');
      return 'applied';
  }
}

function pause(store: Store): void {
  store.pausedReason = 'auth';
  if (store.chunk.state === 'ready') blockChunk(store, 'auth', null);
}

function holdUnknown(store: Store): void {
  changeChunk(store, {
    state: 'held',
    reason: 'unknown',
    due: null,
    fence: store.chunk.fence + 1,
  });
}

/** The sweep: an upload whose worker went silent is held. False: none had. */
export function expireSubmit(store: Store, rules: Rules): boolean {
  const { chunk } = store;
  if (chunk.state !== 'submitting' || chunk.due !== 'past' || chunk.attempt === null) return false;
  const { silenceIsUnknown, silenceIsHeld } = rules.protections;
  if (silenceIsUnknown && silenceIsHeld) holdUnknown(store);
  else changeChunk(store, { state: 'ready', fence: chunk.fence + 1 });
  if (attemptAt(store, chunk.attempt).outcome === 'intent') {
    changeAttempt(store, rules, chunk.attempt, silenceIsUnknown ? 'unknown' : 'not_sent');
    if (!silenceIsUnknown) book(store, chunk.attempt, 'release');
  }
  return true;
}
