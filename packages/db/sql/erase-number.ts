import type { ErasureId } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { appendAudit } from './audit-trail.ts';
import { jobsWithNumber } from './erase-from-job.ts';

/**
 * Takes one number out of the rows of a tenant, step by step and each in a transaction of its own; every step may be done again, so that a
 * worker that dies in the middle leaves nothing but work.
 */

/** An erasure that this worker does now. */
export interface ErasureClaim {
  readonly id: ErasureId;
  readonly tenantId: number;
  readonly number: number;
  readonly secretId: string;
  readonly digest: Buffer;
}

/**
 * Writes down which transaction saw that an erasure is asked for: whoever began after it knows of it, whoever began before is waited for. The
 * asker's own would not do, since until it had ended others began that saw nothing of it.
 */
export async function seeErasures(tx: Transaction): Promise<void> {
  await tx.query(
    'UPDATE store.erasures SET seen_in = pg_current_xact_id() WHERE seen_in IS NULL AND due_at IS NOT NULL',
  );
}

/** Has an erasure wait once more, for who may have copied what this transaction takes away. */
export async function seeErasureAgain(tx: Transaction, erasureId: ErasureId): Promise<void> {
  await tx.query('UPDATE store.erasures SET seen_in = pg_current_xact_id() WHERE id = $1', [
    erasureId,
  ]);
}

/**
 * Takes erasures of one tenant that are due, of the one that waits longest: their files are gone through once for all of them. None is taken that
 * was not seen yet, or while somebody is left who was storing or uploading numbers when it was.
 */
export async function claimErasures(
  tx: Transaction,
  lease_ms: number,
  atOnce: number,
): Promise<readonly ErasureClaim[]> {
  const { rows } = await tx.query<ErasureClaim>(
    `WITH due AS MATERIALIZED (
       SELECT id, tenant_id, due_at FROM store.erasures WHERE due_at <= clock_timestamp() AND store.is_alone(tenant_id, seen_in)),
     taken AS MATERIALIZED (
       SELECT e.id FROM store.erasures e JOIN due ON due.id = e.id
        WHERE due.tenant_id = (SELECT tenant_id FROM due ORDER BY due_at LIMIT 1) AND e.due_at <= clock_timestamp()
        ORDER BY e.due_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED)
     UPDATE store.erasures e SET due_at = clock_timestamp() + $1 * interval '1 millisecond', tries = tries + 1 FROM taken WHERE e.id = taken.id
     RETURNING e.id, e.tenant_id AS "tenantId", e.number, e.secret_id AS "secretId", e.digest`,
    [lease_ms, atOnce],
  );
  return rows;
}

/** Keeps what a step removed, beside what those before it did. */
export async function noteRemoved(
  tx: Transaction,
  erasureId: ErasureId,
  removed: Readonly<Record<string, number>>,
): Promise<void> {
  await tx.query(
    `UPDATE store.erasures SET removed = removed || (
       SELECT COALESCE(jsonb_object_agg(key, value::bigint + COALESCE((removed->>key)::bigint, 0)), '{}') FROM jsonb_each_text($2::jsonb))
      WHERE id = $1 AND done_at IS NULL`,
    [erasureId, JSON.stringify(removed)],
  );
}

/** Says when erasures are looked at next: when a lease ends, or after a wait. */
export async function deferErasures(
  tx: Transaction,
  erasureIds: readonly ErasureId[],
  wait_ms: number,
): Promise<void> {
  await tx.query(
    `UPDATE store.erasures SET due_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE id = ANY($1) AND done_at IS NULL`,
    [erasureIds, wait_ms],
  );
}

/** Ends an erasure whose number is nowhere any more, and forgets it here too. False: a job or a file still has it. */
export async function finishErasure(tx: Transaction, erasure: ErasureClaim): Promise<boolean> {
  const open = await tx.query(
    `SELECT FROM store.erased_files f WHERE f.erasure_id = $1 AND f.done_at IS NULL
        AND EXISTS (SELECT FROM store.blobs b WHERE b.id = f.blob_id AND b.job_day = f.job_day) LIMIT 1`,
    [erasure.id],
  );
  if (open.rowCount !== 0 || (await jobsWithNumber(tx, erasure)).length > 0) return false;
  const { rows } = await tx.query<{ removed: Record<string, number> }>(
    `UPDATE store.erasures SET number = NULL, due_at = NULL, done_at = clock_timestamp() WHERE id = $1 AND number IS NOT NULL RETURNING removed`,
    [erasure.id],
  );
  const done = rows[0];
  if (!done) return true;
  await appendAudit(tx, {
    tenantId: erasure.tenantId,
    actor: 'system',
    action: 'erasure.done',
    subject: erasure.id,
    counts: done.removed,
  });
  return true;
}
