import { randomBytes } from 'node:crypto';
import type { Database } from '@rollcall/db';
import { type JobId, makeId } from '@rollcall/domain';

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
    await tx.query(
      `INSERT INTO store.account_states (account, provider_origin, adapter, currency) VALUES ('alpha', 'https://alpha.example', 'tasks-v1', 'USD')
       ON CONFLICT DO NOTHING`,
    );
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
    await insertChunk(tx, job.job_no, tenantId, { no: 1, from: 0, numbers: numbersInDone });
    await insertChunk(tx, job.job_no, tenantId, { no: 2, from: 20, numbers: numbersInHeld });
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

async function insertChunk(
  tx: Pick<Database, 'query'>,
  jobNo: number,
  tenantId: number,
  chunk: { readonly no: 1 | 2; readonly from: number; readonly numbers: number },
): Promise<void> {
  const id = makeId('chunk', Date.now(), randomBytes(10));
  const attempt = makeId('attempt', Date.now(), randomBytes(10));
  const first = firstNumber + chunk.from;
  const amount = chunk.no === 1 ? '0.01' : '0.002';
  await tx.query(
    `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
     VALUES ($1, $2, $3, $4, 'alpha', $5, $6, $7, 'ready', now())`,
    [id, jobNo, tenantId, chunk.no, first, first + chunk.numbers - 1, chunk.numbers],
  );
  await tx.query(
    `INSERT INTO store.attempts (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, numbers,
                                 price_per_number, amount, currency)
     VALUES ($1, $2, $3, 1, 1, 'alpha', 'https://alpha.example', $4::int, 0.0004, $5, 'USD')`,
    [attempt, id, tenantId, chunk.numbers, amount],
  );
  const entries = chunk.no === 1 ? ['reserve', 'commit'] : ['reserve'];
  for (const entry of entries) {
    await tx.query(
      `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
       VALUES ($1, $2, $3, 'alpha', 'USD', $4, $5)`,
      [attempt, tenantId, jobNo, entry, amount],
    );
  }
  const move = (assignments: string) =>
    tx.query(`UPDATE store.chunks SET ${assignments} WHERE id = $1`, [id]);
  await tx.query('UPDATE store.chunks SET attempt_id = $2 WHERE id = $1', [id, attempt]);
  await move(`state = 'submitting'`);
  if (chunk.no === 2) {
    await tx.query(
      `UPDATE store.attempts SET outcome = 'unknown', outcome_reason = 'connection_lost', settled_at = now() WHERE id = $1`,
      [attempt],
    );
    await move(`state = 'held', reason = 'unknown', due_at = NULL`);
    return;
  }
  await tx.query(
    `UPDATE store.attempts SET outcome = 'accepted', task_id = $2, settled_at = now() WHERE id = $1`,
    [attempt, attempt],
  );
  await move(`state = 'polling', poll_deadline_at = now() + interval '1 day'`);
  await move(`state = 'result_ready', locator = '{}'`);
  await move(`state = 'ingesting'`);
  await move(
    `state = 'done', artifact_id = 'art_test', cost_per_number = 0.0005, due_at = NULL, closed_at = now()`,
  );
}
