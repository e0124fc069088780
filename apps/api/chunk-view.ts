import type { Chunk, WholeChunk } from '@rollcall/contract';
import type { AttemptRow, ChunkRow, DecisionRow, PollRow } from '@rollcall/db';
import { decisionOf } from './hold-view.ts';
import { shortAmount } from './job-view.ts';

/** A chunk's row as the contract shows it. */
export function chunkOf(row: ChunkRow): Chunk {
  return {
    id: row.id,
    job_id: row.job_id,
    number: row.chunk_no,
    account: row.account,
    // The database knows no other states; the response schema refuses one that it does not know.
    state: row.state as Chunk['state'],
    reason: row.reason,
    detail: row.detail,
    numbers: row.numbers,
    is_canary: row.is_canary,
    task_id: row.task_id,
    attempt:
      row.attempt_id === null
        ? null
        : {
            id: row.attempt_id,
            number: row.attempt_no,
            outcome: row.attempt_outcome as NonNullable<Chunk['attempt']>['outcome'],
            reason: row.attempt_reason,
            amount: shortAmount(row.amount),
            currency: row.currency,
            started_at: row.attempt_started_at.toISOString(),
            settled_at: row.attempt_settled_at?.toISOString() ?? null,
          },
    provider:
      row.last_word === null
        ? null
        : { word: row.last_word, total: row.last_total, determined: row.last_determined },
    polls: row.polls,
    next_at: row.due_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    changed_at: row.changed_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
    links: {
      self: `/v1/jobs/${row.job_id}/chunks/${row.id}`,
      job: `/v1/jobs/${row.job_id}`,
    },
  };
}

export function wholeChunkOf(
  row: ChunkRow,
  attempts: readonly AttemptRow[],
  polls: readonly PollRow[],
  decisions: readonly DecisionRow[],
): WholeChunk {
  return {
    ...chunkOf(row),
    attempts: attempts.map((attempt) => ({
      id: attempt.id,
      number: attempt.attempt_no,
      outcome: attempt.outcome as WholeChunk['attempts'][number]['outcome'],
      reason: attempt.outcome_reason,
      amount: shortAmount(attempt.amount),
      currency: attempt.currency,
      started_at: attempt.created_at.toISOString(),
      settled_at: attempt.settled_at?.toISOString() ?? null,
      task_id: attempt.task_id,
      named_task_id: attempt.named_task_id,
      paid_twice: attempt.paid_twice,
      numbers: attempt.numbers,
      price_per_number: shortAmount(attempt.price_per_number),
      approval_id: attempt.approval_id,
      money: attempt.place as WholeChunk['attempts'][number]['money'],
    })),
    recent_polls: polls.map((poll) => ({ ...poll, at: poll.at.toISOString() })),
    decisions: decisions.map(decisionOf),
  };
}
