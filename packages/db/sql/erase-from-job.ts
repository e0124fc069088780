import type { Outcome } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { addOutcomes } from './close-job.ts';
import type { ErasureClaim } from './erase-number.ts';
import { lockJobRow } from './lock-job.ts';

/** Taking a number out of the jobs that have it: its row, its answer, and what its chunk and its job count. */

export interface JobWithNumber {
  readonly jobNo: number;
  readonly jobDay: string;
}

/** Jobs that have the number: a look by key for each job of the tenant. */
export async function jobsWithNumber(
  db: Pick<Database, 'query'>,
  { tenantId, number }: Pick<ErasureClaim, 'tenantId' | 'number'>,
): Promise<readonly JobWithNumber[]> {
  const { rows } = await db.query<JobWithNumber>(
    `SELECT j.job_no AS "jobNo", j.job_day AS "jobDay" FROM store.jobs j
      WHERE j.tenant_id = $1 AND j.rows_dropped_at IS NULL AND EXISTS (
        SELECT FROM store.job_numbers n WHERE n.job_no = j.job_no AND n.job_day = j.job_day AND n.number = $2 OFFSET 0)
      ORDER BY j.job_no`,
    [tenantId, number],
  );
  return rows;
}

/**
 * Takes the number out of a job: its row, and its answer. The chunk knows that it has one number less; if a worker is reading its result file
 * right now, it is taken back from it, and read again without the number. `unplanned`: the job is not cut yet, and has to be first.
 */
export async function eraseFromJob(
  tx: Transaction,
  erasure: ErasureClaim,
  job: JobWithNumber,
): Promise<'erased' | 'gone' | 'unplanned'> {
  const { tenantId, number } = erasure;
  const place = [tenantId, job.jobNo, job.jobDay, number];
  const at = await tx.query<{ id: string }>(
    `SELECT id FROM store.chunks WHERE job_no = $1 AND state <> 'superseded' AND $2 BETWEEN first_number AND last_number`,
    [job.jobNo, number],
  );
  const chunkId = at.rows[0]?.id;
  if (chunkId === undefined) return 'unplanned';
  // In the order of locks: attempts, whoever reads its file again, the chunk.
  await tx.query('SELECT FROM store.attempts WHERE chunk_id = $1 ORDER BY id FOR NO KEY UPDATE', [
    chunkId,
  ]);
  await tx.query(
    `UPDATE store.replays SET state = 'waiting', due_at = clock_timestamp(), rung_at = NULL WHERE chunk_id = $1 AND state = 'running'`,
    [chunkId],
  );
  const locked = await tx.query<{ closed: boolean; superseded: boolean }>(
    `SELECT closed_at IS NOT NULL AS closed, state = 'superseded' AS superseded FROM store.chunks WHERE id = $1 FOR UPDATE`,
    [chunkId],
  );
  // Cut anew meanwhile: whoever did that has its number elsewhere.
  if (locked.rows[0]?.superseded !== false) return 'unplanned';
  const sentIn = await uploadsWithNumber(tx, chunkId, job, number);
  const gone = await tx.query(
    'DELETE FROM store.job_numbers WHERE tenant_id = $1 AND job_no = $2 AND job_day = $3 AND number = $4',
    place,
  );
  if (gone.rowCount === 0) return 'gone';
  const suppressed = await tx.query(
    'DELETE FROM store.suppressed_numbers WHERE tenant_id = $1 AND job_no = $2 AND job_day = $3 AND number = $4',
    place,
  );
  const answered = await tx.query<{ outcome: Outcome }>(
    'DELETE FROM store.results WHERE tenant_id = $1 AND job_no = $2 AND job_day = $3 AND number = $4 RETURNING outcome',
    place,
  );
  const outcome = answered.rows[0]?.outcome;
  if (locked.rows[0].closed !== (outcome !== undefined)) {
    throw new Error(
      `chunk ${chunkId} is ${outcome ? 'open' : 'closed'}, and a number of it is not`,
    );
  }
  await leaveChunk(tx, chunkId, job, number, suppressed.rowCount ?? 0);
  await tx.query(
    `INSERT INTO store.erased_numbers (job_day, tenant_id, job_no, secret_id, digest, erasure_id) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [job.jobDay, tenantId, job.jobNo, erasure.secretId, erasure.digest, erasure.id],
  );
  // Whoever knows the other numbers would find this one by it.
  await tx.query(
    `UPDATE store.attempts SET sent_sha256 = NULL WHERE sent_sha256 IS NOT NULL AND chunk_id IN (
       SELECT id FROM store.chunks WHERE id = $1 OR (job_no = $2 AND state = 'superseded' AND $3 BETWEEN first_number AND last_number))`,
    [chunkId, job.jobNo, number],
  );
  if (outcome !== undefined) {
    await lockJobRow(tx, job.jobNo);
    await tx.query(
      'UPDATE store.job_outcomes SET numbers = numbers - 1 WHERE job_no = $1 AND outcome = $2',
      [job.jobNo, outcome],
    );
    await addOutcomes(tx, job.jobNo, { erased: 1 });
  }
  await tx.query(
    `UPDATE store.erasures SET sent_in = sent_in || $2::text[],
            removed = CASE WHEN $3 THEN removed || jsonb_build_object('results', COALESCE((removed->>'results')::bigint, 0) + 1) ELSE removed END
      WHERE id = $1 AND done_at IS NULL`,
    [erasure.id, sentIn, outcome !== undefined],
  );
  return 'erased';
}

/**
 * Uploads of a job that may have had a number, as long as it is still there: those of the chunk that has it, and of one before it was cut anew, whose
 * range may have been forgotten. Not those that began after it was marked as suppressed. Whether they left is told when the receipt is read.
 */
async function uploadsWithNumber(
  tx: Transaction,
  chunkId: string,
  job: JobWithNumber,
  number: number,
): Promise<readonly string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT a.id FROM store.chunks k JOIN store.attempts a ON a.chunk_id = k.id
      WHERE (k.id = $1 OR (k.job_no = $2 AND k.state = 'superseded' AND ($4 BETWEEN k.first_number AND k.last_number OR k.last_number < 0)))
        AND NOT EXISTS (SELECT FROM store.suppressed_numbers s
                         WHERE s.job_no = $2 AND s.job_day = $3 AND s.number = $4 AND s.since <= a.created_at)
      ORDER BY a.id`,
    [chunkId, job.jobNo, job.jobDay, number],
  );
  return rows.map(({ id }) => id);
}

/** A chunk with one number less, which its range does not name any more. One with none left has a range that no number is in. */
async function leaveChunk(
  tx: Transaction,
  chunkId: string,
  job: JobWithNumber,
  number: number,
  suppressed: number,
): Promise<void> {
  await tx.query(
    `UPDATE store.chunks c SET erased = c.erased + 1, suppressed = c.suppressed - $5,
            first_number = CASE WHEN l.first IS NULL THEN -c.chunk_no WHEN c.first_number = $4 THEN l.first ELSE c.first_number END,
            last_number  = CASE WHEN l.first IS NULL THEN -c.chunk_no WHEN c.last_number = $4 THEN l.last ELSE c.last_number END,
            due_at = CASE c.state WHEN 'ingesting' THEN clock_timestamp() ELSE c.due_at END,
            rung_at = CASE c.state WHEN 'ingesting' THEN NULL ELSE c.rung_at END,
            state  = CASE c.state WHEN 'ingesting' THEN 'result_ready' ELSE c.state END
       FROM (SELECT min(n.number) AS first, max(n.number) AS last FROM store.chunks k
               LEFT JOIN store.job_numbers n ON n.job_no = $2 AND n.job_day = $3 AND n.number BETWEEN k.first_number AND k.last_number
              WHERE k.id = $1) l
      WHERE c.id = $1`,
    [chunkId, job.jobNo, job.jobDay, number, suppressed],
  );
}
