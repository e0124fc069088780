import { randomBytes } from 'node:crypto';
import type { Database } from '@rollcall/db';
import { type JobId, makeId } from '@rollcall/domain';
import { insertChunk } from './insert-chunk.ts';

/** Numbers +447911123000 to …024; the first 20 are answered. */
const firstNumber = 447_911_123_000;
const numbersInDone = 20;
const numbersInHeld = 5;

/**
 * A running job whose first chunk is done and whose second is held, with its money and three rejects, as workers would
 * have left it: every row passes the schema's own checks and triggers.
 */
export async function insertAnsweredJob(
  database: Database,
  { tenantId }: { readonly tenantId: number },
): Promise<JobId> {
  const id = makeId('job', Date.now(), randomBytes(10));
  await database.transaction('test', async (tx) => {
    const { rows } = await tx.query<{ job_no: number; job_day: string }>(
      `INSERT INTO store.jobs (id, tenant_id, check_name, account, purpose, requested_by, currency, state, lines, accepted,
                               duplicates, rejected, open_chunks, created_at, planned_at)
       VALUES ($1, $2, 'telegram', 'alpha', 'a test', 'vitest', 'USD', 'running', 28, 25, 0, 3, 1,
               now() - interval '1 minute', now() - interval '1 minute')
       RETURNING job_no, job_day`,
      [id, tenantId],
    );
    const job = rows[0];
    if (!job) throw new Error('no job was inserted');
    const ofJob = [job.job_day, tenantId, job.job_no];
    await tx.query(
      `INSERT INTO store.job_numbers SELECT $1, $2, $3, $4::bigint + n FROM generate_series(0, $5::int - 1) n`,
      [...ofJob, firstNumber, numbersInDone + numbersInHeld],
    );
    await tx.query(
      `INSERT INTO store.rejects (job_day, tenant_id, job_no, line_no, reason, raw) VALUES
         ($1, $2, $3, 11, 'too_short', '12'), ($1, $2, $3, 3, 'too_short', '+4479'), ($1, $2, $3, 7, 'not_a_number', 'nobody')`,
      ofJob,
    );
    await tx.query(
      `INSERT INTO store.job_rejects VALUES ($1, 'too_short', 2), ($1, 'not_a_number', 1)`,
      [job.job_no],
    );
    await insertChunk(tx, {
      jobNo: job.job_no,
      tenantId,
      no: 1,
      firstNumber,
      lastNumber: firstNumber + numbersInDone - 1,
      numbers: numbersInDone,
      amount: '0.01',
      end: { state: 'done', costPerNumber: '0.0005' },
    });
    await insertChunk(tx, {
      jobNo: job.job_no,
      tenantId,
      no: 2,
      firstNumber: firstNumber + numbersInDone,
      lastNumber: firstNumber + numbersInDone + numbersInHeld - 1,
      numbers: numbersInHeld,
      amount: '0.002',
      end: { state: 'held' },
    });
    await tx.query(
      `INSERT INTO store.results (job_day, tenant_id, job_no, chunk_no, number, outcome, attributes)
       SELECT $1, $2, $3, 1, $4::bigint + n,
              CASE WHEN n = 19 THEN 'undetermined' WHEN n % 2 = 0 THEN 'registered' ELSE 'not_registered' END,
              CASE WHEN n = 0 THEN '{"name":"x"}'::jsonb END
         FROM generate_series(0, $5::int - 1) n`,
      [...ofJob, firstNumber, numbersInDone],
    );
    await tx.query(
      `INSERT INTO store.job_outcomes VALUES ($1, 'registered', 10), ($1, 'not_registered', 9), ($1, 'undetermined', 1)`,
      [job.job_no],
    );
  });
  return id;
}
