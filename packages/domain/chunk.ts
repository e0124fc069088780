import type { ArtifactId, AttemptId, ChunkId } from './ids.ts';
import type { ResultLocator } from './provider-answer.ts';

/**
 * A chunk is a contiguous range of a job's sorted numbers, sent to one account in one upload. This file is the state
 * machine; `docs/state-machine.md` draws it, `store.chunk_edges` enforces it, and a test holds the three together.
 */

export const blockedReasons = [
  /** The provider has no money for us; a balance call, else one probe, moves it on. */
  'provider_balance',
  /** The account's daily or monthly cap is used up; the next UTC day or month moves it on. */
  'account_cap',
  /** The job's `max_cost` is used up; raising it moves it on. */
  'job_ceiling',
  /** It would cost more than a person allowed when approving to pay again; the old price moves it on, or cancelling. */
  'approval_ceiling',
  /** Too many unknown outcomes on the account; a canary that is accepted after a time, or an operator, moves it on. */
  'breaker',
  /** An operator paused the account; resuming it moves it on. */
  'account_paused',
  /** The accounts file gives the account to other tenants; given back, it moves on. */
  'account_withdrawn',
  /** The key was refused; resuming the account after the key was changed moves it on. */
  'auth',
  /** Waits for the job's first chunk; that chunk's success moves it on. */
  'canary',
  /** The job's first chunk was rejected; an operator moves it on, or cancels the job. */
  'canary_rejected',
  /** The provider refused the batch's size; the plan stage cuts it anew. */
  'replan',
] as const;
export type BlockedReason = (typeof blockedReasons)[number];

export const heldReasons = ['unknown', 'upstream_failed', 'poll', 'artifact'] as const;
export type HeldReason = (typeof heldReasons)[number];

interface ChunkIdentity {
  readonly id: ChunkId;
  readonly account: string;
  readonly numbers: number;
  readonly isCanary: boolean;
  readonly fence: number;
}

interface Task {
  readonly attempt: AttemptId;
  readonly acceptedAt_ms: number;
}

/** One variant a state; what belongs to a state does not outlive it. */
export type Chunk = ChunkIdentity &
  (
    | { readonly state: 'ready'; readonly due_ms: number; readonly freeTries: number }
    | { readonly state: 'submitting'; readonly leaseEnd_ms: number; readonly attempt: AttemptId }
    | ({
        readonly state: 'polling';
        readonly due_ms: number;
        readonly deadline_ms: number;
        readonly awaitingPaymentSince_ms: number | null;
      } & Task)
    | ({
        readonly state: 'result_ready';
        readonly due_ms: number;
        readonly locator: ResultLocator | null;
        readonly artifact: ArtifactId | null;
      } & Task)
    | ({
        readonly state: 'ingesting';
        readonly leaseEnd_ms: number;
        readonly locator: ResultLocator | null;
        readonly artifact: ArtifactId | null;
      } & Task)
    | ({ readonly state: 'done'; readonly artifact: ArtifactId } & Task)
    | { readonly state: 'blocked'; readonly reason: BlockedReason; readonly due_ms: number | null }
    | { readonly state: 'held'; readonly reason: HeldReason; readonly attempt: AttemptId }
    | { readonly state: 'rejected'; readonly reason: string }
    | { readonly state: 'failed' }
    | { readonly state: 'cancelled' }
    | { readonly state: 'superseded' }
  );
export type ChunkState = Chunk['state'];

/** Who moves a chunk in this state next. */
export const chunkStates: Readonly<Record<ChunkState, string>> = {
  ready: 'a submit worker claims it, or a ceiling blocks it',
  submitting: 'the worker that holds the lease; after the lease the expire sweep holds it',
  polling: 'a poll worker, when its time has come',
  result_ready: 'an ingest worker claims it',
  ingesting: 'the worker that holds the lease; after the lease another ingest worker',
  done: 'nobody: its rows are written',
  blocked: 'the submit or plan stage, when the reason is gone',
  held: 'a person decides',
  rejected: 'nobody: its numbers ended as failed',
  failed: 'nobody: a person gave it up and its numbers ended as failed',
  cancelled: 'nobody: its numbers ended as cancelled',
  superseded: 'nobody: it was never sent, and its numbers are in newer chunks',
};

export interface Edge<State extends string> {
  readonly from: State;
  readonly to: State;
  readonly when: string;
}

export const chunkEdges: readonly Edge<ChunkState>[] = [
  {
    from: 'ready',
    to: 'submitting',
    when: 'claimed with fence + 1, money reserved, attempt intent',
  },
  { from: 'ready', to: 'blocked', when: 'a ceiling, a breaker, a pause or a bad key' },
  { from: 'ready', to: 'cancelled', when: 'the job was cancelled' },
  { from: 'ready', to: 'superseded', when: 'planned anew with other sizes' },
  { from: 'submitting', to: 'polling', when: 'accepted with a task id' },
  { from: 'submitting', to: 'ready', when: 'not sent, or refused and free' },
  {
    from: 'submitting',
    to: 'blocked',
    when: 'no money (402), bad key (401) or batch size, no task',
  },
  { from: 'submitting', to: 'rejected', when: 'refused for a reason of ours, or tries used up' },
  { from: 'submitting', to: 'held', when: 'unknown, or the worker died' },
  { from: 'submitting', to: 'cancelled', when: 'not sent, and the job was cancelled meanwhile' },
  { from: 'blocked', to: 'ready', when: 'the reason is gone' },
  { from: 'blocked', to: 'cancelled', when: 'the job was cancelled' },
  { from: 'blocked', to: 'superseded', when: 'planned anew with other sizes' },
  { from: 'polling', to: 'result_ready', when: 'ready at the provider' },
  {
    from: 'polling',
    to: 'held',
    when: 'failed upstream twice, deadline, repeated 404, or a task adopted wrongly',
  },
  { from: 'result_ready', to: 'ingesting', when: 'claimed with fence + 1' },
  { from: 'ingesting', to: 'done', when: 'every number has its row' },
  { from: 'ingesting', to: 'result_ready', when: 'the download broke off, or the worker died' },
  { from: 'ingesting', to: 'polling', when: 'the URL has expired, so poll for a fresh one' },
  {
    from: 'ingesting',
    to: 'held',
    when: 'unreadable, not this chunk, count in doubt, no fresh URL',
  },
  { from: 'held', to: 'polling', when: 'a late answer, adopt, or keep polling' },
  { from: 'held', to: 'ready', when: 'pay again, with an approval' },
  { from: 'held', to: 'result_ready', when: 'replay' },
  { from: 'held', to: 'failed', when: 'given up' },
];

/** States that a chunk never leaves. */
export const finalChunkStates: readonly ChunkState[] = [
  'done',
  'rejected',
  'failed',
  'cancelled',
  'superseded',
];
