import {
  type AttemptId,
  type ChunkId,
  determinedOf,
  goesBack,
  type PollDecision,
  type Polled,
  type TaskPhase,
  type TaskStatus,
} from '@rollcall/domain';
import type { Database, Queryable, Transaction } from '../database.ts';
import { together } from '../together.ts';
import { bookProviderAmount } from './ledger.ts';
import { storableJson, storableText } from './storable.ts';

export interface PollClaim {
  readonly chunkId: ChunkId;
  readonly jobId: string;
  readonly attemptId: AttemptId;
  readonly tenantId: number;
  readonly fence: number;
  readonly taskId: string;
  readonly acceptedAt_ms: number;
  readonly deadline_ms: number;
  readonly awaitingPaymentSince_ms: number | null;
  readonly polls: number;
  readonly missingPolls: number;
  readonly upstreamFailures: number;
  readonly lastDetermined: number | null;
  readonly lastPhase: TaskPhase | null;
  readonly checkName: string;
  readonly numbers: number;
  /**
   * How long it was seen not to have ended, from its acceptance; 0 where nobody has looked. Null where its time tells nothing of others: a person or a late
   * answer named it, it waited for money, or it had ended before.
   */
  readonly seen_ms: number | null;
  /** The task was named by a person for this unknown upload, and nobody has asked yet whether it fits. */
  readonly adopting: {
    readonly numbers: number;
    readonly sentFrom_ms: number;
    readonly sentUntil_ms: number;
  } | null;
}

/**
 * Claims tasks of an account that are due, the longest overdue first: fence + 1, and due again after the lease, should
 * this worker die. With `apart_ms` none so soon after the last claim, whoever made it: for calls that ask for many.
 */
export async function claimPolls(
  db: Database,
  account: string,
  limit: number,
  lease_ms: number,
  apart_ms: number | null = null,
): Promise<readonly PollClaim[]> {
  return db.transaction('poll.claim', async (tx) => {
    if (apart_ms !== null && !(await isTurn(tx, account, apart_ms))) return [];
    const { rows } = await tx.query(
      `UPDATE store.chunks c SET fence = c.fence + 1, adopting_task_id = CASE WHEN a.outcome = 'unknown' THEN c.adopting_task_id END,
              due_at = clock_timestamp() + $3 * interval '1 millisecond', poll_not_before = clock_timestamp() + $3 * interval '1 millisecond'
         FROM store.attempts a, store.jobs j
        WHERE a.id = c.attempt_id AND j.job_no = c.job_no
          AND c.id IN (SELECT id FROM store.chunks WHERE account = $1 AND state = 'polling' AND due_at <= clock_timestamp()
                        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING c.id, j.id AS job_id, a.id AS attempt_id, c.tenant_id, c.fence, COALESCE(a.task_id, c.adopting_task_id) AS task_id, c.polls, c.missing_polls, c.upstream_failures,
              c.last_determined, (SELECT h.phase FROM store.poll_history h WHERE h.chunk_id = c.id AND h.attempt_id = a.id AND h.applied AND h.phase <> 'unrecognised'
                                   ORDER BY h.id DESC LIMIT 1) AS last_phase, a.numbers, j.check_name,
              CASE WHEN a.outcome = 'accepted' AND c.accepted_at < a.settled_at + interval '1 second'
                    AND NOT EXISTS (SELECT FROM store.poll_history h WHERE h.chunk_id = c.id AND h.attempt_id = a.id AND h.phase IN ('awaiting_payment','ready','failed','rejected'))
                   THEN COALESCE((SELECT extract(epoch FROM max(h.at) - c.accepted_at)::float8 * 1000 FROM store.poll_history h
                                   WHERE h.chunk_id = c.id AND h.attempt_id = a.id AND h.applied), 0) END AS seen_ms, c.adopting_task_id IS NOT NULL AS adopting,
              extract(epoch FROM a.created_at)::float8 * 1000 AS sent_from_ms, extract(epoch FROM a.settled_at)::float8 * 1000 AS sent_until_ms,
              extract(epoch FROM c.accepted_at)::float8 * 1000 AS accepted_ms,
              extract(epoch FROM c.poll_deadline_at)::float8 * 1000 AS deadline_ms,
              extract(epoch FROM c.awaiting_payment_since)::float8 * 1000 AS awaiting_ms`,
      [account, limit, lease_ms],
    );
    if (apart_ms !== null && rows.length > 0) await takeTurn(tx, account);
    return rows.map((row) => ({
      chunkId: row.id,
      jobId: row.job_id,
      attemptId: row.attempt_id,
      tenantId: row.tenant_id,
      fence: row.fence,
      taskId: row.task_id,
      acceptedAt_ms: row.accepted_ms,
      deadline_ms: row.deadline_ms,
      awaitingPaymentSince_ms: row.awaiting_ms,
      polls: row.polls,
      missingPolls: row.missing_polls,
      upstreamFailures: row.upstream_failures,
      lastDetermined: row.last_determined,
      lastPhase: row.last_phase,
      checkName: row.check_name,
      numbers: row.numbers,
      seen_ms: row.seen_ms,
      adopting: row.adopting
        ? { numbers: row.numbers, sentFrom_ms: row.sent_from_ms, sentUntil_ms: row.sent_until_ms }
        : null,
    }));
  });
}

/** Under the account's lock, which comes before the chunks': of two workers one claims for this tick. */
async function isTurn(tx: Transaction, account: string, apart_ms: number): Promise<boolean> {
  const { rows } = await tx.query<{ is_turn: boolean }>(
    `SELECT COALESCE(polled_at <= clock_timestamp() - $2 * interval '1 millisecond', true) AS is_turn
       FROM store.account_states WHERE account = $1 FOR NO KEY UPDATE`,
    [account, apart_ms],
  );
  return rows[0]?.is_turn ?? false;
}

async function takeTurn(tx: Transaction, account: string): Promise<void> {
  await tx.query(
    'UPDATE store.account_states SET polled_at = clock_timestamp() WHERE account = $1',
    [account],
  );
}

/** The server's clock, Unix ms: the only clock that decides when something is due. */
export async function serverNow_ms(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now_ms: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms',
  );
  return rows[0]?.now_ms ?? 0;
}

export type PollSettled =
  | {
      readonly kind: 'applied';
      readonly state: 'polling' | 'result_ready' | 'held';
      readonly ring: number;
      readonly overcharged: boolean;
    }
  | { readonly kind: 'stale' };

/**
 * Keeps a poll's answer as history, always, and applies the decision where the claim still stands. Of a status that goes back
 * neither its word nor its counts are taken. Only an unknown upload is held as one: who pays again for that gives an accepted one up.
 */
export async function settlePoll(
  tx: Transaction,
  claim: PollClaim,
  polled: Polled,
  decision: PollDecision,
): Promise<PollSettled> {
  const status = polled.kind === 'status' ? polled.status : null;
  const isBack = status !== null && goesBack(status.phase, claim.lastPhase);
  const moved = await moveTask(tx, claim, decision, isBack ? null : status);
  const kept = tx.query(
    `INSERT INTO store.poll_history (chunk_id, attempt_id, tenant_id, answer, word, phase, total, success, failure, filtered, applied)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      claim.chunkId,
      claim.attemptId,
      claim.tenantId,
      polled.kind,
      status === null ? null : storableText(status.word),
      status?.phase ?? null,
      status?.total ?? null,
      status?.success ?? null,
      status?.failure ?? null,
      status?.filtered ?? null,
      moved !== null && !isBack && (decision.kind !== 'wait' || decision.applied),
    ],
  );
  // What the provider took for a task that may be another upload's is not this attempt's.
  const actual = claim.adopting === null ? (status?.actual ?? null) : null;
  // It pauses the account with the chunk in hand: nobody who has an account waits for a chunk whose own task is polled.
  const [, overcharged] = await together(
    kept,
    bookProviderAmount(tx, claim.attemptId, 'provider_actual', actual),
  );
  if (moved === null) return { kind: 'stale' };
  if (decision.kind === 'hold' && decision.reason === 'upstream_failed') {
    await tx.query(
      `INSERT INTO store.refund_claims (attempt_id, tenant_id, task_id, amount, currency, reason)
       SELECT id, tenant_id, task_id, amount, currency, $2 FROM store.attempts WHERE id = $1 ON CONFLICT (attempt_id) DO NOTHING`,
      [claim.attemptId, `the provider says ${status?.word ?? 'failed'}, seen twice`],
    );
  }
  const state =
    decision.kind === 'wait' ? 'polling' : decision.kind === 'ready' ? 'result_ready' : 'held';
  return { kind: 'applied', state, ring: moved, overcharged };
}

async function moveTask(
  tx: Transaction,
  claim: PollClaim,
  decision: PollDecision,
  status: TaskStatus | null,
): Promise<number | null> {
  const seen = `polls = polls + 1, last_word = COALESCE($3, last_word), last_total = COALESCE($4, last_total), last_determined = COALESCE($5, last_determined),
                last_filtered = COALESCE($6, last_filtered), ring_no = ring_no + 1`;
  const where = "WHERE id = $1 AND fence = $2 AND state = 'polling' RETURNING ring_no";
  const values = [
    claim.chunkId,
    claim.fence,
    status === null ? null : storableText(status.word),
    status?.total ?? null,
    status === null ? null : determinedOf(status),
    status?.filtered ?? null,
  ];
  const { rows } = await (() => {
    switch (decision.kind) {
      case 'wait':
        return tx.query<{ ring_no: number }>(
          `UPDATE store.chunks SET ${seen}, due_at = to_timestamp($7::float8 / 1000), rung_at = NULL, poll_not_before = to_timestamp($12::float8 / 1000), poll_deadline_at = to_timestamp($8::float8 / 1000),
                  awaiting_payment_since = to_timestamp($9::float8 / 1000), upstream_failures = $10, missing_polls = $11 ${where}`,
          [
            ...values,
            decision.due_ms,
            decision.deadline_ms,
            decision.awaitingPaymentSince_ms,
            decision.upstreamFailures,
            decision.missingPolls,
            decision.notBefore_ms,
          ],
        );
      case 'ready':
        return tx.query<{ ring_no: number }>(
          `UPDATE store.chunks SET ${seen}, state = 'result_ready', adopting_task_id = NULL, locator = $7, artifact_id = NULL, due_at = clock_timestamp(), rung_at = clock_timestamp(), awaiting_payment_since = NULL ${where}`,
          [...values, storableJson(decision.locator)],
        );
      case 'hold':
        return tx.query<{ ring_no: number }>(
          `UPDATE store.chunks SET ${seen}, state = 'held', reason = $7, held_detail = $8, adopting_task_id = NULL, due_at = NULL, awaiting_payment_since = NULL
            WHERE id = $1 AND fence = $2 AND state = 'polling'
              AND ($7 <> 'unknown' OR EXISTS (SELECT FROM store.attempts a WHERE a.id = attempt_id AND a.outcome = 'unknown')) RETURNING ring_no`,
          [...values, decision.reason, decision.detail],
        );
    }
  })();
  return rows[0]?.ring_no ?? null;
}
