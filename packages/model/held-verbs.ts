import { type HeldDecision, type HeldReason, decisionsFor } from '@rollcall/domain';
import {
  type Attempt,
  attemptAt,
  book,
  changeAttempt,
  changeChunk,
  closeChunk,
  type LiftedTo,
  type Rules,
  type Store,
} from './store.ts';

/** What a person decides on a held chunk: packages/db/sql/{decide-held,adopt-task}.ts. */

export type DecidedAs = 'decided' | 'not_held' | 'task_in_use' | 'no_artifact' | 'job_cancelled';

/** The attempt that the chunk is held for, if the decision fits the reason. */
function lockHeld(
  store: Store,
  decision: HeldDecision,
): { readonly index: number; readonly attempt: Attempt } | null {
  const { state, reason, attempt: index } = store.chunk;
  if (state !== 'held' || index === null) return null;
  if (!decisionsFor[reason as HeldReason].includes(decision)) return null;
  return { index, attempt: attemptAt(store, index) };
}

function pollAgain(store: Store, { starts }: Rules, adopting: string | null): void {
  changeChunk(store, {
    state: 'polling',
    reason: null,
    fence: store.chunk.fence + 1,
    due: 'past',
    hasLocator: false,
    locatorRefreshes: starts.locatorRefreshes,
    ingestTries: starts.ingestTries,
    missingPolls: starts.missingPolls,
    upstreamFailures: starts.upstreamFailures,
    adopting,
  });
}

export function adoptTask(store: Store, rules: Rules, task: string): DecidedAs {
  const held = lockHeld(store, 'adopt');
  if (!held) return 'not_held';
  const { index, attempt } = held;
  const unknown = attempt.outcome === 'unknown';
  const elsewhere = store.attempts.some((each, at) => at !== index && each.task === task);
  if (elsewhere || (!unknown && attempt.task !== task)) return 'task_in_use';
  pollAgain(store, rules, unknown ? task : null);
  return 'decided';
}

export function payAgain(store: Store, rules: Rules, liftedTo: LiftedTo): DecidedAs {
  const held = lockHeld(store, 'pay_again');
  if (!held) return 'not_held';
  if (store.job === 'cancelling') return 'job_cancelled';
  if (rules.protections.approvalIsKept) {
    store.approvals = [...store.approvals, { attempt: held.index, liftedTo }];
  }
  changeAttempt(store, rules, held.index, liftedTo);
  book(store, held.index, liftedTo === 'not_charged' ? 'release' : 'write_off');
  changeChunk(store, {
    state: 'ready',
    reason: null,
    fence: store.chunk.fence + 1,
    due: 'past',
    ...rules.starts,
    hasLocator: false,
    artifact: null,
  });
  return 'decided';
}

export function keepPolling(store: Store, rules: Rules): DecidedAs {
  if (!lockHeld(store, 'keep_polling')) return 'not_held';
  pollAgain(store, rules, null);
  return 'decided';
}

export function replayArtifact(store: Store, { starts }: Rules): DecidedAs {
  if (!lockHeld(store, 'replay')) return 'not_held';
  const { artifact, hasLocator, reason, fence } = store.chunk;
  if (artifact === null && !(reason === 'artifact' && hasLocator)) return 'no_artifact';
  store.artifacts = store.artifacts.map((each, at) =>
    at === artifact ? { ...each, parseStarts: 0 } : each,
  );
  changeChunk(store, {
    state: 'result_ready',
    reason: null,
    fence: fence + 1,
    ingestTries: starts.ingestTries,
    due: 'past',
  });
  return 'decided';
}

export function giveUp(store: Store, { protections }: Rules): DecidedAs {
  const held = lockHeld(store, 'give_up');
  if (!held) return 'not_held';
  if (held.attempt.outcome === 'unknown') {
    book(store, held.index, protections.givenUpIsAtRisk ? 'at_risk' : 'release');
  }
  changeChunk(store, { state: 'failed', reason: null, fence: store.chunk.fence + 1 });
  closeChunk(store, 'failed');
  return 'decided';
}
