import { formatMoney, type Money } from '@rollcall/domain';
import type { Database } from '../database.ts';
import { releaseBehindCanary } from './canary.ts';
import { addOutcomes, type Closing, closeIfAudited } from './close-job.ts';

/** Pausing, resuming and cancelling: compare-and-set on the job's state; `false` where it was in another. */

/** Nothing more is sent; what was sent is still polled and read. */
export async function pauseJob(db: Database, tenantId: number, jobId: string): Promise<boolean> {
  const paused = await db.query(
    "UPDATE store.jobs SET state = 'paused' WHERE id = $1 AND tenant_id = $2 AND state = 'running'",
    [jobId, tenantId],
  );
  return paused.rowCount === 1;
}

/** Sends again; also lets go what was blocked because the job's first chunk had been rejected. */
export async function resumeJob(db: Database, tenantId: number, jobId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const resumed = await tx.query<{ job_no: number }>(
      "UPDATE store.jobs SET state = 'running' WHERE id = $1 AND tenant_id = $2 AND state IN ('paused', 'running') RETURNING job_no",
      [jobId, tenantId],
    );
    const job = resumed.rows[0];
    if (!job) return false;
    await releaseBehindCanary(tx, job.job_no, ['canary_rejected']);
    await tx.query(
      'UPDATE store.chunks SET rung_at = NULL WHERE job_no = $1 AND due_at IS NOT NULL',
      [job.job_no],
    );
    return true;
  });
}

/** Raises or lowers what the job may spend, and lets its chunks be looked at again. */
export async function setMaxCost(
  db: Database,
  tenantId: number,
  jobId: string,
  maxCost: Money | null,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const changed = await tx.query<{ job_no: number }>(
      `UPDATE store.jobs SET max_cost = $3 WHERE id = $1 AND tenant_id = $2 AND finished_at IS NULL RETURNING job_no`,
      [jobId, tenantId, maxCost === null ? null : formatMoney(maxCost)],
    );
    const job = changed.rows[0];
    if (!job) return false;
    await tx.query(
      `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL WHERE job_no = $1 AND state = 'blocked' AND reason = 'job_ceiling'`,
      [job.job_no],
    );
    return true;
  });
}

export type Cancelled =
  | { readonly kind: 'cancelling'; readonly cancelledChunks: number; readonly closing: Closing }
  | { readonly kind: 'not_open' };

/**
 * Cancels what was not sent: those numbers end as `cancelled`. What was sent is paid for, so it is still polled, read and kept;
 * held chunks still wait for their person.
 */
export async function cancelJob(db: Database, tenantId: number, jobId: string): Promise<Cancelled> {
  return db.transaction(async (tx) => {
    const found = await tx.query<{ job_no: number; job_day: string; planned: boolean }>(
      `UPDATE store.jobs SET state = 'cancelling', due_at = NULL WHERE id = $1 AND tenant_id = $2 AND state IN ('planning', 'running', 'paused')
       RETURNING job_no, job_day, planned_at IS NOT NULL AS planned`,
      [jobId, tenantId],
    );
    const job = found.rows[0];
    if (!job) return { kind: 'not_open' };
    if (!job.planned) {
      // Never cut: one chunk-less write for all of its numbers. The account must be known, which `syncAccounts` saw to.
      await tx.query(
        `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, closed_at)
         SELECT 'chk_' || substr($1, 5), j.job_no, j.tenant_id, 1, j.account, min(n.number), max(n.number), count(*), 'cancelled', clock_timestamp()
           FROM store.jobs j JOIN store.job_numbers n ON n.job_no = j.job_no AND n.job_day = j.job_day WHERE j.id = $1
          GROUP BY j.job_no, j.tenant_id, j.account`,
        [jobId],
      );
      await tx.query(
        'UPDATE store.jobs SET open_chunks = open_chunks + 1, planned_at = clock_timestamp() WHERE job_no = $1',
        [job.job_no],
      );
    }
    const cancelled = await tx.query<{ chunk_no: number }>(
      `UPDATE store.chunks SET state = 'cancelled', reason = NULL, due_at = NULL, closed_at = clock_timestamp()
        WHERE job_no = $1 AND state IN ('ready', 'blocked') RETURNING chunk_no`,
      [job.job_no],
    );
    const chunks = job.planned ? cancelled.rows.map((row) => row.chunk_no) : [1];
    const written = await tx.query(
      `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
       SELECT n.job_day, n.tenant_id, n.number, n.job_no, c.chunk_no, 'cancelled'
         FROM store.chunks c
         JOIN store.job_numbers n ON n.job_no = c.job_no AND n.job_day = $2 AND n.number BETWEEN c.first_number AND c.last_number
        WHERE c.job_no = $1 AND c.chunk_no = ANY($3) AND c.state = 'cancelled'`,
      [job.job_no, job.job_day, chunks],
    );
    await addOutcomes(tx, job.job_no, { cancelled: written.rowCount ?? 0 });
    const open = await tx.query<{ open_chunks: number }>(
      'UPDATE store.jobs SET open_chunks = open_chunks - $2 WHERE job_no = $1 RETURNING open_chunks',
      [job.job_no, chunks.length],
    );
    const closing: Closing =
      (open.rows[0]?.open_chunks ?? 0) > 0
        ? { kind: 'open' }
        : await closeIfAudited(tx, job.job_no, jobId, 'cancelling');
    return { kind: 'cancelling', cancelledChunks: chunks.length, closing };
  });
}
