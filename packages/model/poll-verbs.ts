import { goesBack, type PollDecision, type Polled, type TaskPhase } from '@rollcall/domain';
import {
  attemptAt,
  book,
  changeAttempt,
  changeChunk,
  type Due,
  type Rules,
  type Store,
} from './store.ts';

/** The verbs of a poll: packages/db/sql/{poll-tasks,adopt-task}.ts. */

export interface TaskClaim {
  readonly attempt: number;
  readonly fence: number;
  readonly task: string;
  readonly missingPolls: number;
  readonly upstreamFailures: number;
  readonly lastPhase: TaskPhase | null;
  /** The task was named by a person, and nobody has asked yet whether it fits. */
  readonly adopting: boolean;
}

/** Null: nothing to poll, or not yet. */
export function claimPoll(store: Store, lease: Due): TaskClaim | null {
  const { chunk } = store;
  if (chunk.state !== 'polling' || chunk.due !== 'past' || chunk.attempt === null) return null;
  const attempt = attemptAt(store, chunk.attempt);
  const adopting = attempt.outcome === 'unknown' ? chunk.adopting : null;
  changeChunk(store, { fence: chunk.fence + 1, due: lease, adopting });
  const task = attempt.task ?? adopting;
  if (task === null) throw new Error('a chunk is polled for no task');
  return {
    attempt: chunk.attempt,
    fence: chunk.fence + 1,
    task,
    missingPolls: chunk.missingPolls,
    upstreamFailures: chunk.upstreamFailures,
    lastPhase: attempt.phase,
    adopting: adopting !== null,
  };
}

export function confirmAdoption(
  store: Store,
  rules: Rules,
  claim: TaskClaim,
): 'confirmed' | 'task_in_use' | 'stale' {
  const { chunk } = store;
  const stands =
    chunk.fence === claim.fence &&
    chunk.state === 'polling' &&
    chunk.attempt === claim.attempt &&
    chunk.adopting === claim.task;
  if (!stands || attemptAt(store, claim.attempt).outcome !== 'unknown') return 'stale';
  if (!changeAttempt(store, rules, claim.attempt, 'accepted', claim.task)) return 'task_in_use';
  book(store, claim.attempt, 'commit');
  changeChunk(store, { adopting: null });
  return 'confirmed';
}

/** `kept`: the answer is history, and not believed. */
export function settlePoll(
  store: Store,
  { protections }: Rules,
  claim: TaskClaim,
  polled: Polled,
  decision: PollDecision,
  due: Due,
): 'stale' | 'kept' | 'applied' {
  const { chunk } = store;
  if (chunk.state !== 'polling') return 'stale';
  if (chunk.fence !== claim.fence && protections.fenceOfPolls) return 'stale';
  const isUnknown = attemptAt(store, claim.attempt).outcome === 'unknown';
  if (decision.kind === 'hold' && decision.reason === 'unknown' && !isUnknown) return 'stale';
  const phase = polled.kind === 'status' ? polled.status.phase : null;
  const isBack = phase !== null && protections.goesBack && goesBack(phase, claim.lastPhase);
  const isApplied = !isBack && (decision.kind !== 'wait' || decision.applied);
  if (isApplied && phase !== null && phase !== 'unrecognised') {
    store.attempts = store.attempts.map((each, at) =>
      at === claim.attempt ? { ...each, phase } : each,
    );
  }
  move(store, decision, due);
  return isApplied ? 'applied' : 'kept';
}

function move(store: Store, decision: PollDecision, due: Due): void {
  switch (decision.kind) {
    case 'wait':
      return changeChunk(store, {
        due,
        upstreamFailures: decision.upstreamFailures,
        missingPolls: decision.missingPolls,
      });
    case 'ready':
      return changeChunk(store, {
        state: 'result_ready',
        adopting: null,
        hasLocator: true,
        artifact: null,
        due: 'past',
      });
    case 'hold':
      return changeChunk(store, {
        state: 'held',
        reason: decision.reason,
        adopting: null,
        due: null,
      });
  }
}
