import { formatMoney, type JobState, type Money } from '@rollcall/domain';
import { constraintOf, type Database, type Transaction } from '../database.ts';
import { appendAudit, system } from './audit-trail.ts';
import { releaseBehindCanary } from './canary.ts';
import { type Closing, closeIfAudited, writeSameOutcome } from './close-job.ts';
import { type Cancellation, readCancellation } from './read-cancellation.ts';
import { isSuppressed } from './suppress-numbers.ts';

/** Pausing, resuming, changing and cancelling a job, each under the lock of its row. Repeating any of them changes nothing. */

export type Controlled =
  /** `changed`: false where the job was so already. */
  | { readonly kind: 'controlled'; readonly changed: boolean; readonly account: string }
  | { readonly kind: 'not_found' }
  /** It is being planned or cancelled. */
  | { readonly kind: 'not_now'; readonly state: JobState }
  | { readonly kind: 'closed'; readonly state: JobState };

interface LockedJob {
  readonly job_no: number;
  readonly job_day: string;
  readonly state: JobState;
  readonly account: string;
  readonly planned: boolean;
  readonly closed: boolean;
}

/** A job that the API may show, locked as `lockJobRow` does. */
async function lockJob(
  tx: Transaction,
  tenantId: number,
  jobId: string,
): Promise<LockedJob | null> {
  const { rows } = await tx.query<LockedJob>(
    `SELECT job_no, job_day, state, account, planned_at IS NOT NULL AS planned, finished_at IS NOT NULL AS closed
       FROM store.jobs WHERE id = $1 AND tenant_id = $2 AND state <> 'receiving' FOR NO KEY UPDATE`,
    [jobId, tenantId],
  );
  return rows[0] ?? null;
}

/** Nothing more is sent; what was sent is still polled and read. */
export async function pauseJob(
  db: Database,
  tenantId: number,
  jobId: string,
  actor = system,
): Promise<Controlled> {
  return db.transaction('job.pause', async (tx) => {
    const job = await lockJob(tx, tenantId, jobId);
    const refused = refusedBy(job);
    if (!job || refused) return refused ?? { kind: 'not_found' };
    if (job.state === 'running') {
      await tx.query("UPDATE store.jobs SET state = 'paused' WHERE job_no = $1", [job.job_no]);
      await appendAudit(tx, { tenantId, actor, action: 'job.paused', subject: jobId });
    }
    return { kind: 'controlled', changed: job.state === 'running', account: job.account };
  });
}

/** Sends again; also lets go what was blocked because the job's first chunk had been rejected. */
export async function resumeJob(
  db: Database,
  tenantId: number,
  jobId: string,
  actor = system,
): Promise<Controlled> {
  return db.transaction('job.resume', async (tx) => {
    const job = await lockJob(tx, tenantId, jobId);
    const refused = refusedBy(job);
    if (!job || refused) return refused ?? { kind: 'not_found' };
    if (job.state === 'paused') {
      await tx.query("UPDATE store.jobs SET state = 'running' WHERE job_no = $1", [job.job_no]);
    }
    const released = await releaseBehindCanary(tx, job.job_no, ['canary_rejected']);
    // Only what pausing had stopped: whoever is closing a chunk holds it and waits for this job, while a big file is being written.
    await tx.query(
      "UPDATE store.chunks SET rung_at = NULL WHERE job_no = $1 AND state IN ('ready', 'blocked') AND due_at IS NOT NULL",
      [job.job_no],
    );
    const changed = job.state === 'paused' || released > 0;
    if (changed) await appendAudit(tx, { tenantId, actor, action: 'job.resumed', subject: jobId });
    return { kind: 'controlled', changed, account: job.account };
  });
}

function refusedBy(job: LockedJob | null): Controlled | null {
  if (!job) return { kind: 'not_found' };
  if (job.closed) return { kind: 'closed', state: job.state };
  if (job.state === 'running' || job.state === 'paused') return null;
  return { kind: 'not_now', state: job.state };
}

/** What is absent stays as it is. */
export interface JobChange {
  readonly maxCost?: Money | null | undefined;
  readonly priority?: number | undefined;
  readonly name?: string | null | undefined;
}

/**
 * Changes what an open job may spend, when its chunks go, or its name. Chunks that waited for a higher `maxCost` are looked at
 * again. A retry that may pay twice does not get above its approval and those of its held uploads: `above_approval`.
 */
export async function changeJob(
  db: Database,
  tenantId: number,
  jobId: string,
  change: JobChange,
  actor = system,
): Promise<Controlled | { readonly kind: 'above_approval' }> {
  try {
    return await db.transaction('job.change', async (tx) => {
      const job = await lockJob(tx, tenantId, jobId);
      if (!job) return { kind: 'not_found' };
      if (job.closed) return { kind: 'closed', state: job.state };
      const { maxCost, priority, name } = change;
      const changed = await tx.query(
        `UPDATE store.jobs SET max_cost = CASE WHEN $2 THEN $3 ELSE max_cost END, priority = COALESCE($4, priority),
                name = CASE WHEN $5 THEN $6 ELSE name END
          WHERE job_no = $1
            AND (($2 AND max_cost IS DISTINCT FROM $3) OR priority <> COALESCE($4, priority) OR ($5 AND name IS DISTINCT FROM $6))`,
        [
          job.job_no,
          maxCost !== undefined,
          maxCost === null || maxCost === undefined ? null : formatMoney(maxCost),
          priority ?? null,
          name !== undefined,
          name ?? null,
        ],
      );
      await tx.query(
        `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL WHERE job_no = $1 AND state = 'blocked' AND reason = 'job_ceiling' AND $2`,
        [job.job_no, maxCost !== undefined],
      );
      if (changed.rowCount === 1) {
        const action = 'job.changed';
        await appendAudit(tx, { tenantId, actor, action, subject: jobId, detail: told(change) });
      }
      return { kind: 'controlled', changed: changed.rowCount === 1, account: job.account };
    });
  } catch (error) {
    if (constraintOf(error) === 'retry_approval_ceiling') return { kind: 'above_approval' };
    throw error;
  }
}

/** What was asked for, as the audit trail tells it; a name only as changed, since it is somebody's words. */
function told({ maxCost, priority, name }: JobChange): Record<string, string> {
  return {
    ...(maxCost !== undefined && { max_cost: maxCost === null ? 'none' : formatMoney(maxCost) }),
    ...(priority !== undefined && { priority: String(priority) }),
    ...(name !== undefined && { name: 'changed' }),
  };
}

export type Cancelled =
  | {
      readonly kind: 'cancelling';
      /** False where the job was cancelled before. */
      readonly changed: boolean;
      /** Chunks that this call cancelled. */
      readonly cancelledChunks: number;
      readonly closing: Closing;
      /** As of this transaction. */
      readonly cancellation: Cancellation;
    }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'closed'; readonly state: JobState };

/**
 * Cancels what was not sent: those numbers end as `cancelled`. What was sent is paid for, so it is still polled, read and kept;
 * held chunks still wait for their person.
 */
export async function cancelJob(
  db: Database,
  tenantId: number,
  jobId: string,
  actor = system,
): Promise<Cancelled> {
  return db.transaction('job.cancel', async (tx) => {
    const job = await lockJob(tx, tenantId, jobId);
    if (!job) return { kind: 'not_found' };
    if (job.closed && job.state !== 'cancelled') return { kind: 'closed', state: job.state };
    const changed = job.state !== 'cancelled' && job.state !== 'cancelling';
    const unsent: Unsent = changed
      ? await cancelUnsent(tx, jobId, job)
      : { cancelledChunks: 0, closing: { kind: 'open' } };
    const cancellation = await readCancellation(tx, job.job_no);
    if (changed) {
      const counts = { chunks: unsent.cancelledChunks };
      await appendAudit(tx, { tenantId, actor, action: 'job.cancelled', subject: jobId, counts });
    }
    return { kind: 'cancelling', changed, ...unsent, cancellation };
  });
}

interface Unsent {
  readonly cancelledChunks: number;
  readonly closing: Closing;
}

async function cancelUnsent(tx: Transaction, jobId: string, job: LockedJob): Promise<Unsent> {
  await tx.query("UPDATE store.jobs SET state = 'cancelling', due_at = NULL WHERE job_no = $1", [
    job.job_no,
  ]);
  const uncut = `chk_${jobId.slice(4)}`;
  if (!job.planned) {
    // Never cut: one chunk-less write for all of its numbers. The account must be known, which `syncAccounts` saw to.
    await tx.query(
      `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, suppressed, state, closed_at)
         SELECT $2, j.job_no, j.tenant_id, 1, j.account, min(n.number), max(n.number), count(*), count(*) FILTER (WHERE ${isSuppressed}), 'cancelled', clock_timestamp()
           FROM store.jobs j JOIN store.job_numbers n ON n.job_no = j.job_no AND n.job_day = j.job_day WHERE j.id = $1
          GROUP BY j.job_no, j.tenant_id, j.account`,
      [jobId, uncut],
    );
    await tx.query(
      'UPDATE store.jobs SET open_chunks = open_chunks + 1, planned_at = clock_timestamp() WHERE job_no = $1',
      [job.job_no],
    );
  }
  const cancelled = await tx.query<{ id: string }>(
    `UPDATE store.chunks SET state = 'cancelled', reason = NULL, due_at = NULL, closed_at = clock_timestamp()
        WHERE job_no = $1 AND state IN ('ready', 'blocked') RETURNING id`,
    [job.job_no],
  );
  const chunks = job.planned ? cancelled.rows.map((row) => row.id) : [uncut];
  await writeSameOutcome(tx, job.job_no, chunks, 'cancelled');
  const open = await tx.query<{ open_chunks: number }>(
    'UPDATE store.jobs SET open_chunks = open_chunks - $2 WHERE job_no = $1 RETURNING open_chunks',
    [job.job_no, chunks.length],
  );
  const closing: Closing =
    (open.rows[0]?.open_chunks ?? 0) > 0
      ? { kind: 'open' }
      : await closeIfAudited(tx, job.job_no, jobId, 'cancelling');
  return { cancelledChunks: chunks.length, closing };
}
