import type { JournalRow } from '../read-journal.ts';
import type { PollFact } from '../read-polls.ts';
import type { ApprovalFact, AttemptFact, Charge, ChunkFact, Facts } from '../read-facts.ts';

/** The moment so many seconds into an episode that never was. */
export function second(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
}

/** A chunk of 20 numbers that is done. */
export function chunk(fields: Partial<ChunkFact> = {}): ChunkFact {
  return {
    id: 'chk_1',
    job_id: 'job_1',
    check_name: 'twitter',
    account: 'checknumber',
    state: 'done',
    reason: null,
    held_detail: null,
    attempt_id: 'att_1',
    artifact_id: null,
    numbers: 20,
    erased: 0,
    first_number: 447_914_000_000,
    last_number: 447_914_000_019,
    rows: 20,
    sha256: 'sha of chk_1',
    ...fields,
  };
}

/** Its upload in second 1, accepted as task_1. */
export function attempt(fields: Partial<AttemptFact> = {}): AttemptFact {
  return {
    id: 'att_1',
    chunk_id: 'chk_1',
    outcome: 'accepted',
    outcome_reason: null,
    task_id: 'task_1',
    amount: '0.012000000',
    place: 'committed',
    created_at: second(1),
    begun_at: second(1),
    answered: ['task_1'],
    ...fields,
  };
}

/** What the provider charged for it in second 2. */
export function charge(fields: Partial<Charge> = {}): Charge {
  return {
    seq: 1,
    at: second(2).toISOString(),
    account: 'checknumber',
    task_id: 'task_1',
    shown_task_id: fields.task_id ?? 'task_1',
    numbers: 20,
    amount: 0.012,
    numbers_sha256: 'sha of chk_1',
    list: Array.from({ length: 20 }, (_, at) => 447_914_000_000 + at),
    ...fields,
  };
}

/** Somebody's word in second 10 that it may be paid for again, since it was not charged. */
export function approval(fields: Partial<ApprovalFact> = {}): ApprovalFact {
  return { chunk_id: 'chk_1', lifted_to: 'not_charged', created_at: second(10), ...fields };
}

/** Of one chunk that was paid for once and is done, and of its job. */
export function facts(fields: Partial<Facts> = {}): Facts {
  return {
    chunks: [chunk()],
    attempts: [attempt()],
    approvals: [],
    charges: [charge()],
    jobs: [{ id: 'job_1', state: 'completed', audit: { ok: true } }],
    ...fields,
  };
}

/** Chunk chk_1 moved by worker storm_1, a second after the row before it, with the same fence. */
export function journal(...rows: readonly Partial<JournalRow>[]): JournalRow[] {
  return rows.map((fields, index) => ({
    id: index + 1,
    at: second(index + 1),
    who: 'storm_1',
    subject: 'chunk',
    chunk_id: 'chk_1',
    account: null,
    attempt_id: null,
    from_state: null,
    to_state: 'ready',
    from_fence: null,
    to_fence: 0,
    was_due_at: null,
    reason: null,
    erases: false,
    ...fields,
  }));
}

/** What was told of att_1's task, in turn: that it is queued, believed. */
export function polls(...rows: readonly Partial<PollFact>[]): PollFact[] {
  return rows.map((fields, index) => ({
    id: index + 1,
    chunk_id: 'chk_1',
    attempt_id: 'att_1',
    word: fields.phase ?? 'queued',
    phase: 'queued',
    applied: true,
    ...fields,
  }));
}
