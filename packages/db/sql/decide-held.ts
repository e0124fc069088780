import {
  type ApprovalId,
  decisionsFor,
  formatMoney,
  type HeldDecision,
  type HeldReason,
  heldReasons,
  type Money,
} from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { approvals, decisions } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';
import { appendAudit } from './audit-trail.ts';
import { stopBehindCanary } from './canary.ts';
import { type Closing, closeChunks, writeSameOutcome } from './close-job.ts';
import { book } from './ledger.ts';

/**
 * What a person may decide on a held chunk. Each is a compare-and-set on the state and the reason: decided twice, or too late,
 * it answers `not_held` and changes nothing. Each leaves a row in `store.decisions`.
 */
export interface Decider {
  readonly tenantId: number;
  /** The attempt that was looked at: where the chunk was sent again since and is held for that, nobody has decided. */
  readonly attemptId?: string;
  readonly decidedBy: string;
  readonly why: string;
  /** The Idempotency-Key of a decision on many holds. */
  readonly batchKey?: string;
}

export type Decided =
  | {
      readonly kind: 'decided';
      readonly state: 'polling' | 'ready' | 'result_ready' | 'failed';
      readonly closing?: Closing;
    }
  /** Not held, or held for a reason that this decision does not fit. */
  | { readonly kind: 'not_held' }
  /** The task id belongs to another attempt, or another chunk is adopting it. */
  | { readonly kind: 'task_in_use' }
  | { readonly kind: 'no_artifact' }
  /** The job was cancelled: nothing more of it is sent. */
  | { readonly kind: 'job_cancelled' }
  /** The approval would not even cover what the upload cost before. */
  | { readonly kind: 'ceiling_too_low' };

export interface HeldChunk {
  readonly attempt_id: string;
  readonly job_no: number;
  readonly tenant_id: number;
  readonly reason: string;
  readonly artifact_id: string | null;
  readonly attempt_outcome: string;
}

/**
 * Locks a tenant's chunk where it is held for a reason that the decision fits; null otherwise. Its attempt first, as an answer does that
 * comes after all. It is read once both are locked: what waited here may have found its answer meanwhile.
 */
export async function lockHeld(
  tx: Transaction,
  chunkId: string,
  decision: HeldDecision,
  { tenantId, attemptId }: Decider,
): Promise<HeldChunk | null> {
  const attempt = await tx.query<{ id: string }>(
    `SELECT a.id FROM store.attempts a JOIN store.chunks c ON c.attempt_id = a.id
      WHERE c.id = $1 AND c.tenant_id = $2 AND c.state = 'held' AND a.id = COALESCE($3, a.id) FOR NO KEY UPDATE OF a`,
    [chunkId, tenantId, attemptId ?? null],
  );
  const { rows } = await tx.query<HeldChunk>(
    `SELECT c.attempt_id, c.job_no, c.tenant_id, c.reason, c.artifact_id, a.outcome AS attempt_outcome
       FROM store.chunks c JOIN store.attempts a ON a.id = c.attempt_id
      WHERE c.id = $1 AND c.tenant_id = $2 AND c.state = 'held' AND c.reason = ANY($3) AND a.id = $4
        FOR NO KEY UPDATE OF c`,
    [chunkId, tenantId, reasonsFor(decision), attempt.rows[0]?.id ?? null],
  );
  return rows[0] ?? null;
}

function reasonsFor(decision: HeldDecision): readonly HeldReason[] {
  return heldReasons.filter((reason) => decisionsFor[reason].includes(decision));
}

/** Keeps who decided what on a held chunk, and why. */
export async function keepDecision(
  tx: Transaction,
  chunkId: string,
  held: HeldChunk,
  decision: HeldDecision,
  by: Decider,
  named: { readonly taskId?: string; readonly approvalId?: ApprovalId } = {},
): Promise<void> {
  await smallStatement(tx, (on) =>
    on.insert(decisions).values({
      chunkId,
      tenantId: held.tenant_id,
      attemptId: held.attempt_id,
      decision,
      decidedBy: by.decidedBy,
      why: by.why,
      taskId: named.taskId ?? null,
      approvalId: named.approvalId ?? null,
      batchKey: by.batchKey ?? null,
    }),
  );
}

/** Tells the audit trail of a decision; a transaction's last statement. */
export async function auditDecision(
  tx: Transaction,
  chunkId: string,
  held: HeldChunk,
  decision: HeldDecision,
  by: Decider,
  approval?: { readonly id: ApprovalId; readonly costCeiling: Money; readonly liftedTo: string },
): Promise<void> {
  const who = { tenantId: held.tenant_id, actor: by.decidedBy, purpose: by.why };
  const detail = { decision, attempt: held.attempt_id, reason: held.reason };
  await appendAudit(tx, { ...who, action: 'hold.decided', subject: chunkId, detail });
  if (!approval) return;
  const approved = {
    chunk: chunkId,
    cost_ceiling: formatMoney(approval.costCeiling),
    lifted_to: approval.liftedTo,
  };
  await appendAudit(tx, {
    ...who,
    action: 'approval.given',
    subject: approval.id,
    detail: approved,
  });
}

/**
 * Polls a chunk again. `deadline_ms` is a new deadline, Unix ms; the URL and the doubts of before are forgotten. A doubted file stays tied
 * to the chunk until the provider names a fresh one, so that it can still be replayed should none come. `adopting`: the task that a
 * person named for an unknown upload, for a worker to ask about.
 */
export async function pollAgain(
  tx: Transaction,
  chunkId: string,
  deadline_ms: number,
  adopting: string | null = null,
): Promise<void> {
  await tx.query(
    `UPDATE store.chunks SET state = 'polling', reason = NULL, held_detail = NULL, fence = fence + 1, due_at = clock_timestamp(), rung_at = NULL,
            accepted_at = COALESCE(accepted_at, clock_timestamp()), poll_deadline_at = to_timestamp($2::float8 / 1000),
            locator = NULL, locator_refreshes = 0, ingest_tries = 0, missing_polls = 0, upstream_failures = 0, adopting_task_id = $3
      WHERE id = $1`,
    [chunkId, deadline_ms, adopting],
  );
}

/**
 * `pay_again`: a named person allows another payment, up to a ceiling. What was paid or may have been paid is written off, or
 * `not_charged` where the provider has said so.
 */
export async function payAgain(
  db: Database,
  chunkId: string,
  approval: {
    readonly id: ApprovalId;
    readonly costCeiling: Money;
    readonly liftedTo: 'not_charged' | 'written_off';
  },
  by: Decider,
): Promise<Decided> {
  return db.transaction('hold.pay_again', async (tx) => {
    const held = await lockHeld(tx, chunkId, 'pay_again', by);
    if (!held) return { kind: 'not_held' };
    const { rows } = await tx.query<{ cancelled: boolean; covered: boolean }>(
      `SELECT j.state = 'cancelling' AS cancelled, a.amount <= $3 AS covered
         FROM store.jobs j, store.attempts a WHERE j.job_no = $1 AND a.id = $2 FOR NO KEY UPDATE OF j`,
      [held.job_no, held.attempt_id, formatMoney(approval.costCeiling)],
    );
    if (rows[0]?.cancelled) return { kind: 'job_cancelled' };
    if (!rows[0]?.covered) return { kind: 'ceiling_too_low' };
    await smallStatement(tx, (on) =>
      on.insert(approvals).values({
        id: approval.id,
        tenantId: held.tenant_id,
        chunkId,
        attemptId: held.attempt_id,
        liftedTo: approval.liftedTo,
        approvedBy: by.decidedBy,
        why: by.why,
        costCeiling: formatMoney(approval.costCeiling),
      }),
    );
    // Its reason stays: what became of the upload counts for the breaker, whoever decides what of it.
    await tx.query('UPDATE store.attempts SET outcome = $2 WHERE id = $1', [
      held.attempt_id,
      approval.liftedTo,
    ]);
    await book(tx, held.attempt_id, approval.liftedTo === 'not_charged' ? 'release' : 'write_off');
    await keepDecision(tx, chunkId, held, 'pay_again', by, { approvalId: approval.id });
    await tx.query(
      `UPDATE store.chunks SET state = 'ready', reason = NULL, held_detail = NULL, fence = fence + 1, due_at = clock_timestamp(), rung_at = NULL, free_tries = 0,
              accepted_at = NULL, poll_deadline_at = NULL, polls = 0, missing_polls = 0, upstream_failures = 0, last_word = NULL, last_total = NULL,
              last_determined = NULL, last_filtered = NULL, locator = NULL, locator_refreshes = 0, ingest_tries = 0, artifact_id = NULL
        WHERE id = $1`,
      [chunkId],
    );
    await auditDecision(tx, chunkId, held, 'pay_again', by, approval);
    return { kind: 'decided', state: 'ready' };
  });
}

/**
 * `keep_polling`: the task is believed to be alive; it gets a new deadline. Of a doubted file: the provider is asked for a fresh address
 * of it, and it is downloaded anew, for free.
 */
export async function keepPolling(
  db: Database,
  chunkId: string,
  deadline_ms: number,
  by: Decider,
): Promise<Decided> {
  return db.transaction('hold.keep_polling', async (tx) => {
    const held = await lockHeld(tx, chunkId, 'keep_polling', by);
    if (!held) return { kind: 'not_held' };
    await keepDecision(tx, chunkId, held, 'keep_polling', by);
    await pollAgain(tx, chunkId, deadline_ms);
    await auditDecision(tx, chunkId, held, 'keep_polling', by);
    return { kind: 'decided', state: 'polling' };
  });
}

/**
 * `replay`: the archived file is parsed again, e.g. after the account's settings were changed. Nothing is paid. Held for `artifact` without
 * a file, what its address gives is downloaded; held for `poll` that address is known to be stale.
 */
export async function replayArtifact(db: Database, chunkId: string, by: Decider): Promise<Decided> {
  return db.transaction('hold.replay', (tx) => replayHeld(tx, chunkId, by));
}

/** The same inside a transaction. */
export async function replayHeld(tx: Transaction, chunkId: string, by: Decider): Promise<Decided> {
  const held = await lockHeld(tx, chunkId, 'replay', by);
  if (!held) return { kind: 'not_held' };
  const { rows } = await tx.query<{ locator: unknown }>(
    'SELECT locator FROM store.chunks WHERE id = $1',
    [chunkId],
  );
  const hasAddress = held.reason === 'artifact' && rows[0]?.locator !== null;
  if (held.artifact_id === null && !hasAddress) return { kind: 'no_artifact' };
  await keepDecision(tx, chunkId, held, 'replay', by);
  await tx.query('UPDATE store.artifacts SET parse_started = 0 WHERE id = $1', [held.artifact_id]);
  await tx.query(
    `UPDATE store.chunks SET state = 'result_ready', reason = NULL, held_detail = NULL, fence = fence + 1, ingest_tries = 0, due_at = clock_timestamp(), rung_at = NULL
      WHERE id = $1`,
    [chunkId],
  );
  await auditDecision(tx, chunkId, held, 'replay', by);
  return { kind: 'decided', state: 'result_ready' };
}

/**
 * `give_up`: the chunk's numbers end as failed. An unknown attempt stays unknown: its money is booked as at risk, not released,
 * since it may have been charged.
 */
export async function giveUp(db: Database, chunkId: string, by: Decider): Promise<Decided> {
  return db.transaction('hold.give_up', async (tx) => {
    const held = await lockHeld(tx, chunkId, 'give_up', by);
    if (!held) return { kind: 'not_held' };
    await keepDecision(tx, chunkId, held, 'give_up', by);
    if (held.attempt_outcome === 'unknown') await book(tx, held.attempt_id, 'at_risk');
    await tx.query(
      `UPDATE store.chunks SET state = 'failed', reason = NULL, held_detail = NULL, fence = fence + 1, closed_at = clock_timestamp() WHERE id = $1`,
      [chunkId],
    );
    await writeSameOutcome(tx, held.job_no, [chunkId], 'failed');
    await stopBehindCanary(tx, chunkId, held.job_no);
    const closing = await closeChunks(tx, held.job_no, 1);
    await auditDecision(tx, chunkId, held, 'give_up', by);
    return { kind: 'decided', state: 'failed', closing };
  });
}
