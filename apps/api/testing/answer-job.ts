import type { Database } from '@rollcall/db';
import { insertChunk } from './insert-chunk.ts';

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
    await insertChunk(tx, {
      jobNo: first.job_no,
      tenantId: first.tenant,
      no: 1,
      firstNumber: first.number,
      lastNumber: numbers.at(-1)?.number ?? first.number,
      numbers: numbers.length,
      amount: (numbers.length * 0.0004).toFixed(4),
      end: { state: 'done', costPerNumber: '0.0004' },
    });
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
