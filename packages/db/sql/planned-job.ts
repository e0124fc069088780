import type { JobState, LearnedLimits } from '@rollcall/domain';
import type { Transaction } from '../database.ts';

export interface PlannedJob {
  readonly jobNo: number;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly jobId: string;
  readonly state: JobState;
  readonly checkName: string;
  readonly account: string;
  readonly accepted: number;
  readonly openChunks: number;
  readonly chunks: number;
  readonly learned: LearnedLimits | null;
  readonly anyAccepted: boolean;
  /** How often it was to be cut anew since a provider refused a chunk's size. */
  readonly replans: number;
  /** Made more than an hour ago. */
  readonly isOld: boolean;
}

/** Locks a job for planning; null where it is being planned by another worker. */
export async function lockJobForPlanning(
  tx: Transaction,
  jobId: string,
): Promise<PlannedJob | null> {
  const { rows } = await tx.query(
    `SELECT j.job_no, j.job_day, j.tenant_id, j.id, j.state, j.check_name, j.account, j.accepted, j.open_chunks,
            (SELECT COALESCE(max(chunk_no), 0) FROM store.chunks c WHERE c.job_no = j.job_no) AS chunks,
            EXISTS (SELECT FROM store.chunks c WHERE c.job_no = j.job_no AND c.accepted_at IS NOT NULL) AS any_accepted,
            j.replans, j.created_at < now() - interval '1 hour' AS is_old, l.min_numbers, l.max_numbers, l.account AS learned
       FROM store.jobs j
       LEFT JOIN store.learned_limits l ON l.account = j.account AND l.check_name = j.check_name
                                       AND l.learned_at > now() - interval '7 days'
      WHERE j.id = $1 FOR NO KEY UPDATE OF j SKIP LOCKED`,
    [jobId],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    jobNo: row.job_no,
    jobDay: row.job_day,
    tenantId: row.tenant_id,
    jobId: row.id,
    state: row.state,
    checkName: row.check_name,
    account: row.account,
    accepted: row.accepted,
    openChunks: row.open_chunks,
    chunks: row.chunks,
    anyAccepted: row.any_accepted,
    replans: row.replans,
    isOld: row.is_old,
    learned:
      row.learned === null ? null : { minNumbers: row.min_numbers, maxNumbers: row.max_numbers },
  };
}

/** The job's chunks move it from here on. */
export async function startRunning(tx: Transaction, jobNo: number): Promise<void> {
  await tx.query(
    `UPDATE store.jobs SET state = CASE state WHEN 'planning' THEN 'running' ELSE state END,
            planned_at = COALESCE(planned_at, clock_timestamp()), due_at = NULL
      WHERE job_no = $1`,
    [jobNo],
  );
}

/** Looks at the job again in a minute. */
export async function postponePlanning(tx: Transaction, jobNo: number): Promise<void> {
  await tx.query(
    "UPDATE store.jobs SET due_at = clock_timestamp() + interval '1 minute', rung_at = NULL WHERE job_no = $1",
    [jobNo],
  );
}

/** Nothing of the job can be sent, and nobody offered to: its numbers have ended as failed in one rejected chunk. */
export async function failJob(tx: Transaction, jobNo: number, failure: string): Promise<void> {
  await tx.query(
    `UPDATE store.jobs SET state = 'failed', failure = $2, planned_at = clock_timestamp(), finished_at = clock_timestamp(), due_at = NULL
      WHERE job_no = $1 AND state = 'planning'`,
    [jobNo, failure],
  );
}
