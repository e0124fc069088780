import {
  type AttemptOutcome,
  attemptEdges,
  type BlockedReason,
  type ChunkState,
  chunkEdges,
  closingState,
  type HeldReason,
  type JobState,
  jobEdges,
  type LedgerEntry,
  type Money,
  type TaskPhase,
} from '@rollcall/domain';
import type { Protections } from './protections.ts';

/**
 * One chunk as the database has it: its row, its attempts with their ledger, approvals, evidence, files and result rows, and the job's
 * and the account's state. The verbs beside this file change it as the statements of packages/db do, each as one transaction.
 */

/** When a row is due: already, not yet, or never by itself. */
export type Due = 'past' | 'later' | null;

export interface Attempt {
  readonly outcome: AttemptOutcome;
  readonly task: string | null;
  /** Index of the approval that it serves. */
  readonly approval: number | null;
  readonly entries: readonly LedgerEntry[];
  /** Of the last status of its task that was applied. */
  readonly phase: TaskPhase | null;
}

interface ChunkRow {
  readonly state: ChunkState;
  readonly reason: BlockedReason | HeldReason | 'refused' | null;
  readonly fence: number;
  readonly due: Due;
  /** Index of the attempt whose task is polled. */
  readonly attempt: number | null;
  readonly freeTries: number;
  readonly missingPolls: number;
  readonly upstreamFailures: number;
  readonly adopting: string | null;
  readonly hasLocator: boolean;
  readonly locatorRefreshes: number;
  readonly ingestTries: number;
  /** Index of the file that is to be parsed. */
  readonly artifact: number | null;
}

export interface Store {
  job: JobState;
  /** How many uploads' price the job may spend; null: no ceiling. */
  ceiling_uploads: number | null;
  pausedReason: 'auth' | null;
  chunk: ChunkRow;
  attempts: readonly Attempt[];
  approvals: readonly { readonly attempt: number; readonly liftedTo: LiftedTo }[];
  /** `attempt:task` of each acceptance that was ever stored. */
  evidence: readonly string[];
  /** The task that each file is of, and the parsers that it has killed. */
  artifacts: readonly { readonly task: string; readonly parseStarts: number }[];
  /** One entry for each time that rows were written for all numbers of the chunk. */
  rows: readonly ('answers' | 'failed' | 'cancelled')[];
}

export type LiftedTo = 'not_charged' | 'written_off';

/** From which count each counter starts: 0 as in the database; near its bound, so that a walk comes past it. */
export interface Starts {
  readonly freeTries: number;
  readonly missingPolls: number;
  readonly upstreamFailures: number;
  readonly locatorRefreshes: number;
  readonly ingestTries: number;
}
export const fromZero: Starts = {
  freeTries: 0,
  missingPolls: 0,
  upstreamFailures: 0,
  locatorRefreshes: 0,
  ingestTries: 0,
};

export interface Rules {
  readonly protections: Protections;
  readonly starts: Starts;
}

export const numbersInChunk = 10;
export const uploadPrice = 20_000_000n as Money;

export function readyStore({ starts }: Rules, ceiling_uploads: number | null = null): Store {
  return {
    job: 'running',
    ceiling_uploads,
    pausedReason: null,
    chunk: {
      state: 'ready',
      reason: null,
      fence: 0,
      due: 'past',
      attempt: null,
      adopting: null,
      hasLocator: false,
      artifact: null,
      ...starts,
    },
    attempts: [],
    approvals: [],
    evidence: [],
    artifacts: [],
    rows: [],
  };
}

/** A statement that Postgres would refuse: its transaction is undone, and a test that sees one has found a bug. */
export class Refused extends Error {
  readonly constraint: string;
  constructor(constraint: string) {
    super(`refused by ${constraint}`);
    this.constraint = constraint;
  }
}

/** Changes the chunk; a change of state must be one of the machine's edges. */
export function changeChunk(store: Store, change: Partial<ChunkRow>): void {
  const from = store.chunk.state;
  const to = change.state ?? from;
  if (from !== to && !chunkEdges.some((edge) => edge.from === from && edge.to === to)) {
    throw new Refused(`chunk_edges: ${from} → ${to}`);
  }
  store.chunk = { ...store.chunk, ...change };
}

export function changeJob(store: Store, to: JobState): void {
  if (!jobEdges.some((edge) => edge.from === store.job && edge.to === to)) {
    throw new Refused(`job_edges: ${store.job} → ${to}`);
  }
  store.job = to;
}

/** Changes an attempt as `guard_attempts` lets it; false: its task belongs to another attempt. */
export function changeAttempt(
  store: Store,
  { protections }: Rules,
  index: number,
  to: AttemptOutcome,
  task: string | null = null,
): boolean {
  const attempt = attemptAt(store, index);
  const edge = attemptEdges.find((each) => each.from === attempt.outcome && each.to === to);
  if (!edge && attempt.outcome !== to) {
    if (protections.settledOnce) throw new Refused(`attempt_edges: ${attempt.outcome} → ${to}`);
  }
  if (edge?.needsApproval && protections.approvalToLetGo) {
    const approved = store.approvals.some((each) => each.attempt === index && each.liftedTo === to);
    if (!approved) throw new Refused('attempt_edges: no approval');
  }
  const used = store.attempts.some((each, at) => at !== index && each.task === task);
  if (task !== null && used && protections.oneAttemptPerTask) return false;
  replaceAttempt(store, index, { ...attempt, outcome: to, task: task ?? attempt.task });
  return true;
}

/** Books an entry for an attempt, once. */
export function book(store: Store, index: number, entry: LedgerEntry): void {
  const attempt = attemptAt(store, index);
  if (!attempt.entries.includes(entry)) {
    replaceAttempt(store, index, { ...attempt, entries: [...attempt.entries, entry] });
  }
  // Freed money may be what the chunk waits for.
  if (entry === 'release' && store.chunk.reason === 'job_ceiling') {
    changeChunk(store, { due: 'past' });
  }
}

function replaceAttempt(store: Store, index: number, attempt: Attempt): void {
  store.attempts = store.attempts.with(index, attempt);
}

export function attemptAt(store: Store, index: number): Attempt {
  const attempt = store.attempts[index];
  if (!attempt) throw new Error(`there is no attempt ${index}`);
  return attempt;
}

/** Where an attempt's money is, as the view `store.attempt_money` says it. */
export function placeOf({ entries }: Attempt): string {
  if (entries.includes('write_off')) return 'written_off';
  if (entries.includes('release')) return 'released';
  if (entries.includes('commit')) return 'committed';
  if (entries.includes('at_risk')) return 'at_risk';
  return 'reserved';
}

/** The chunk is closed, and with its only chunk the job. */
export function closeChunk(store: Store, rows: Store['rows'][number]): void {
  store.rows = [...store.rows, rows];
  const { job } = store;
  if (job === 'running' || job === 'paused' || job === 'cancelling') {
    changeJob(store, closingState(job, rows === 'failed' ? numbersInChunk : 0));
  }
}

export const isFinalJob = (job: JobState): boolean =>
  job === 'completed' || job === 'completed_with_errors' || job === 'cancelled' || job === 'failed';
