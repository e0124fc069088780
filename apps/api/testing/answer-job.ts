import { randomBytes } from 'node:crypto';
import type { Database } from '@rollcall/db';
import { makeId } from '@rollcall/domain';

export interface Answer {
  readonly outcome: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Answers every number of a stored job in one chunk, and closes it, as workers would have left it: every row passes the
 * schema's own checks and triggers.
 */
export async function answerJob(
  database: Database,
  jobId: string,
  answerOf: (number: number) => Answer,
): Promise<void> {
  await database.transaction('test', async (tx) => {
    await tx.query(
      `INSERT INTO store.account_states (account, provider_origin, adapter, currency) VALUES ('alpha', 'https://alpha.example', 'tasks-v1', 'USD')
       ON CONFLICT DO NOTHING`,
    );
    const { rows: numbers } = await tx.query<{ number: number; job_no: number; tenant: number }>(
      `SELECT n.number, j.job_no, j.tenant_id AS tenant FROM store.jobs j JOIN store.job_numbers n ON n.job_no = j.job_no
        WHERE j.id = $1 ORDER BY n.number`,
      [jobId],
    );
    const [first] = numbers;
    if (!first) throw new Error('the job has no numbers');
    await tx.query(
      `UPDATE store.jobs SET state = 'running', planned_at = now(), due_at = NULL WHERE id = $1`,
      [jobId],
    );
    await insertDoneChunk(tx, first.job_no, first.tenant, numbers);
    const answers = numbers.map(({ number }) => answerOf(number));
    await tx.query(
      `INSERT INTO store.results (job_day, tenant_id, job_no, chunk_no, number, outcome, attributes)
       SELECT j.job_day, j.tenant_id, j.job_no, 1, a.number, a.outcome, a.attributes::jsonb
         FROM store.jobs j, unnest($2::bigint[], $3::text[], $4::text[]) AS a (number, outcome, attributes) WHERE j.id = $1`,
      [
        jobId,
        numbers.map(({ number }) => number),
        answers.map(({ outcome }) => outcome),
        answers.map(({ attributes }) => (attributes ? JSON.stringify(attributes) : null)),
      ],
    );
    await tx.query(
      `UPDATE store.chunks SET attribute_names = ARRAY(SELECT DISTINCT name FROM store.results r, jsonb_object_keys(r.attributes) AS name
                                                        WHERE r.job_no = $1) WHERE job_no = $1`,
      [first.job_no],
    );
    await tx.query(
      `INSERT INTO store.job_outcomes SELECT $1, outcome, count(*) FROM store.results WHERE job_no = $1 GROUP BY outcome`,
      [first.job_no],
    );
    await tx.query(
      `UPDATE store.jobs SET state = 'completed', finished_at = clock_timestamp() WHERE id = $1`,
      [jobId],
    );
  });
}

async function insertDoneChunk(
  tx: Pick<Database, 'query'>,
  jobNo: number,
  tenantId: number,
  numbers: readonly { readonly number: number }[],
): Promise<void> {
  const id = makeId('chunk', Date.now(), randomBytes(10));
  const attempt = makeId('attempt', Date.now(), randomBytes(10));
  await tx.query(
    `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
     VALUES ($1, $2, $3, 1, 'alpha', $4, $5, $6, 'ready', now())`,
    [id, jobNo, tenantId, numbers[0]?.number, numbers.at(-1)?.number, numbers.length],
  );
  await tx.query(
    `INSERT INTO store.attempts (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, numbers,
                                 price_per_number, amount, currency)
     VALUES ($1, $2, $3, 1, 1, 'alpha', 'https://alpha.example', $4::int, 0.0004, $4::int * 0.0004, 'USD')`,
    [attempt, id, tenantId, numbers.length],
  );
  const move = (assignments: string) =>
    tx.query(`UPDATE store.chunks SET ${assignments} WHERE id = $1`, [id]);
  await tx.query('UPDATE store.chunks SET attempt_id = $2 WHERE id = $1', [id, attempt]);
  await move(`state = 'submitting'`);
  await tx.query(
    `UPDATE store.attempts SET outcome = 'accepted', task_id = $2, settled_at = now() WHERE id = $1`,
    [attempt, attempt],
  );
  await move(`state = 'polling', poll_deadline_at = now() + interval '1 day'`);
  await move(`state = 'result_ready', locator = '{}'`);
  await move(`state = 'ingesting'`);
  await move(
    `state = 'done', artifact_id = 'art_test', cost_per_number = 0.0004, due_at = NULL, closed_at = clock_timestamp()`,
  );
}
