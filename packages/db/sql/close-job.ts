import { closingState, type JobState, type Outcome, type OutcomeCounts } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { lockJobRow } from './lock-job.ts';
import { isSuppressed } from './suppress-numbers.ts';

/** Books the rows that a closing chunk wrote, so that nobody ever counts rows to know how far a job is. */
export async function addOutcomes(
  tx: Transaction,
  jobNo: number,
  counts: OutcomeCounts,
): Promise<void> {
  const entries = Object.entries(counts).filter(([, numbers]) => numbers > 0);
  await tx.query(
    `INSERT INTO store.job_outcomes (job_no, outcome, numbers)
     SELECT $1, outcome, numbers FROM unnest($2::text[], $3::bigint[]) AS added (outcome, numbers) ORDER BY outcome
     ON CONFLICT (job_no, outcome) DO UPDATE SET numbers = job_outcomes.numbers + EXCLUDED.numbers`,
    [jobNo, entries.map(([outcome]) => outcome), entries.map(([, numbers]) => numbers)],
  );
}

/**
 * Gives every number of these chunks of a job the same outcome, without an answer: they were rejected, given up or cancelled. What is
 * suppressed stays that, and what was erased is counted and gets no row. Books all of it under the job's lock, and returns it.
 */
export async function writeSameOutcome(
  tx: Transaction,
  jobNo: number,
  chunkIds: readonly string[],
  outcome: 'failed' | 'cancelled',
): Promise<OutcomeCounts> {
  const { rows } = await tx.query<{ outcome: Outcome; numbers: number }>(
    `WITH closing AS (
       SELECT c.job_no, c.chunk_no, c.first_number, c.last_number, c.erased, j.job_day
         FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.job_no = $1 AND c.id = ANY($2)),
     written AS (
       INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
       SELECT n.job_day, n.tenant_id, n.number, n.job_no, c.chunk_no, CASE WHEN ${isSuppressed} THEN 'suppressed' ELSE $3 END
         FROM closing c
         JOIN store.job_numbers n ON n.job_no = c.job_no AND n.job_day = c.job_day
          AND n.number BETWEEN c.first_number AND c.last_number
       RETURNING outcome)
     SELECT outcome, count(*) AS numbers FROM written GROUP BY outcome
     UNION ALL SELECT 'erased', sum(erased)::bigint FROM closing HAVING sum(erased) > 0`,
    [jobNo, chunkIds, outcome],
  );
  const counts: OutcomeCounts = Object.fromEntries(rows.map((row) => [row.outcome, row.numbers]));
  await lockJobRow(tx, jobNo);
  await addOutcomes(tx, jobNo, counts);
  return counts;
}

export type Closing =
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly state: JobState }
  | { readonly kind: 'audit_failed' };

/**
 * Counts `chunks` more chunks of a job as closed, and closes the job with the last of them: only if both sums hold,
 * counted from the rows. Where they do not, the job stays open, due in a minute, and the caller raises the alarm.
 */
export async function closeChunks(
  tx: Transaction,
  jobNo: number,
  chunks: number,
): Promise<Closing> {
  const { rows } = await tx.query<{ id: string; state: JobState; open_chunks: number }>(
    'UPDATE store.jobs SET open_chunks = open_chunks - $2 WHERE job_no = $1 RETURNING id, state, open_chunks',
    [jobNo, chunks],
  );
  const job = rows[0];
  if (!job || job.open_chunks > 0) return { kind: 'open' };
  if (job.state !== 'running' && job.state !== 'paused' && job.state !== 'cancelling')
    return { kind: 'open' };
  return closeIfAudited(tx, jobNo, job.id, job.state);
}

export async function closeIfAudited(
  tx: Transaction,
  jobNo: number,
  jobId: string,
  state: 'planning' | 'running' | 'paused' | 'cancelling',
): Promise<Closing> {
  const audit = await tx.query<{
    lines_ok: boolean;
    numbers_ok: boolean;
    pending: number;
    failed: number;
  }>(
    `SELECT lines_ok, numbers_ok, pending,
            (SELECT COALESCE(sum(numbers), 0)::bigint FROM store.job_outcomes WHERE job_no = $2 AND outcome = 'failed') AS failed
       FROM rollcall.audit($1)`,
    [jobId, jobNo],
  );
  const sums = audit.rows[0];
  if (!sums?.lines_ok || !sums.numbers_ok || sums.pending !== 0) {
    await tx.query(
      "UPDATE store.jobs SET due_at = clock_timestamp() + interval '1 minute' WHERE job_no = $1",
      [jobNo],
    );
    return { kind: 'audit_failed' };
  }
  const closed = closingState(state, sums.failed);
  await tx.query(
    'UPDATE store.jobs SET state = $3, finished_at = clock_timestamp(), due_at = NULL WHERE job_no = $1 AND state = $2',
    [jobNo, state, closed],
  );
  return { kind: 'closed', state: closed };
}
