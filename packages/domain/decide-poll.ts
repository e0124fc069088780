import type { Account } from './account.ts';
import { backoff_ms, type Progress, pollWait_ms } from './backoff.ts';
import type { AdoptionRefusal } from './decide-adoption.ts';
import { pacedWait_ms } from './paced-wait.ts';
import type { ResultLocator, TaskPhase, TaskStatus } from './provider-answer.ts';
import type { TaskPace } from './task-pace.ts';

/** What the poll stage makes of one task's status. */

export interface PollFacts {
  readonly now_ms: number;
  readonly random: number;
  readonly acceptedAt_ms: number;
  readonly deadline_ms: number;
  readonly awaitingPaymentSince_ms: number | null;
  readonly polls: number;
  /** Polls in a row that did not find the task. */
  readonly missingPolls: number;
  readonly upstreamFailures: number;
  readonly lastDetermined: number | null;
  /** Of the last status that was applied. */
  readonly lastPhase: TaskPhase | null;
  readonly numbers: number;
  /** What was learned of tasks like it; null where nothing was, or where nobody knows how long this one has been at work. */
  readonly pace: TaskPace | null;
  readonly configured: Account;
}

export type Polled =
  | { readonly kind: 'status'; readonly status: TaskStatus }
  /** 404, or absent from an answer that should list it. */
  | { readonly kind: 'not_found' }
  /** No answer about the task: transport, 5xx, 401, 429. */
  | { readonly kind: 'no_answer'; readonly retryAfter_ms: number | null };

export type PollDecision =
  | {
      readonly kind: 'wait';
      readonly due_ms: number;
      /** Not even where its end turns out to be nearer: what the provider asked for, and the floor. */
      readonly notBefore_ms: number;
      readonly deadline_ms: number;
      readonly awaitingPaymentSince_ms: number | null;
      /** Whether the answer changed what we believe; false for a word that we do not know, and for a status that goes back. */
      readonly applied: boolean;
      readonly upstreamFailures: number;
      readonly missingPolls: number;
    }
  | { readonly kind: 'ready'; readonly locator: ResultLocator }
  | {
      readonly kind: 'hold';
      readonly reason: 'upstream_failed' | 'poll';
      readonly detail: 'failed_twice' | 'deadline' | 'task_not_found';
    }
  /** The task that a person named does not fit the upload: it is as unknown as before. */
  | { readonly kind: 'hold'; readonly reason: 'unknown'; readonly detail: AdoptionRefusal };

/** A task that the provider does not know this often in a row is held; new tasks may be unknown for a moment. */
export const missingPollsMax = 6;
/** `failed` and `rejected` are believed when they are seen twice. */
export const upstreamFailuresMax = 2;

/** The way that a task goes. Failures and waits for money lie beside it: whatever follows one of them is news. */
const way: readonly TaskPhase[] = ['queued', 'running', 'ready_pending', 'ready'];

/** Whether a task was further than this when it was last believed: what a provider's stale copy says. */
export function goesBack(phase: TaskPhase, lastPhase: TaskPhase | null): boolean {
  return lastPhase !== null && way.includes(phase) && way.indexOf(phase) < way.indexOf(lastPhase);
}

export function decidePoll(polled: Polled, facts: PollFacts): PollDecision {
  const { now_ms } = facts;
  // A word that we do not know tells nothing: it neither ends a wait for money nor takes back a failure. A status that goes back
  // tells of an earlier time.
  const phase =
    polled.kind === 'status' &&
    polled.status.phase !== 'unrecognised' &&
    !goesBack(polled.status.phase, facts.lastPhase)
      ? polled.status.phase
      : null;
  const awaitingSince_ms =
    phase === null
      ? facts.awaitingPaymentSince_ms
      : phase === 'awaiting_payment'
        ? (facts.awaitingPaymentSince_ms ?? now_ms)
        : null;
  // The deadline's clock stands while the provider waits for money.
  const deadline_ms =
    facts.awaitingPaymentSince_ms !== null && awaitingSince_ms === null
      ? facts.deadline_ms + (now_ms - facts.awaitingPaymentSince_ms)
      : facts.deadline_ms;

  if (polled.kind === 'status' && polled.status.phase === 'ready' && polled.status.locator) {
    return { kind: 'ready', locator: polled.status.locator };
  }
  const failedNow = phase === 'failed' || phase === 'rejected';
  const upstreamFailures =
    phase === null ? facts.upstreamFailures : failedNow ? facts.upstreamFailures + 1 : 0;
  if (upstreamFailures >= upstreamFailuresMax) {
    return { kind: 'hold', reason: 'upstream_failed', detail: 'failed_twice' };
  }
  // No answer says nothing of the task, so it does not interrupt the row either.
  const missingPolls =
    polled.kind === 'not_found'
      ? facts.missingPolls + 1
      : polled.kind === 'no_answer'
        ? facts.missingPolls
        : 0;
  if (missingPolls >= missingPollsMax) {
    return { kind: 'hold', reason: 'poll', detail: 'task_not_found' };
  }
  if (awaitingSince_ms === null && now_ms >= deadline_ms) {
    return { kind: 'hold', reason: 'poll', detail: 'deadline' };
  }
  const due_ms = now_ms + waitFor(polled, facts);
  return {
    kind: 'wait',
    due_ms,
    notBefore_ms: phase === null ? due_ms : now_ms + facts.configured.poll.floor_ms,
    deadline_ms,
    awaitingPaymentSince_ms: awaitingSince_ms,
    applied: phase !== null,
    upstreamFailures,
    missingPolls,
  };
}

/** Longest wait where nothing is foreseen of the task: for an answer, for money, for one that is not found. */
const blindCeiling_ms = 300_000;

function waitFor(polled: Polled, facts: PollFacts): number {
  const bounds = facts.configured.poll;
  const blind = {
    floor_ms: bounds.floor_ms,
    ceiling_ms: Math.max(bounds.floor_ms, Math.min(bounds.ceiling_ms, blindCeiling_ms)),
  };
  if (polled.kind === 'no_answer') {
    const wait_ms = backoff_ms(facts.polls, blind, facts.random);
    return Math.max(wait_ms, polled.retryAfter_ms ?? 0);
  }
  if (polled.kind === 'not_found') return backoff_ms(facts.missingPolls, blind, facts.random);
  const { status } = polled;
  // Nearly there, or about to be believed: look again soon.
  if (
    status.phase === 'ready_pending' ||
    status.phase === 'failed' ||
    status.phase === 'rejected'
  ) {
    return backoff_ms(0, bounds, facts.random);
  }
  if (status.phase === 'awaiting_payment') return backoff_ms(facts.polls, blind, facts.random);
  const progress: Progress = {
    total: status.total,
    determined: determinedOf(status),
    determinedBefore: facts.lastDetermined,
    elapsed_ms: facts.now_ms - facts.acceptedAt_ms,
  };
  return facts.pace
    ? pacedWait_ms(facts.pace, facts.numbers, progress, bounds)
    : pollWait_ms(facts.polls, progress, bounds, facts.random);
}

/** Numbers that the provider says it is through with; `success` and `failure` count determined and not determined. */
export function determinedOf(status: TaskStatus): number | null {
  if (status.success === null && status.failure === null) return null;
  return (status.success ?? 0) + (status.failure ?? 0);
}
