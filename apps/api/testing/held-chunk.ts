import type { Database } from '@rollcall/db';
import { insertAnsweredJob } from './answered-job.ts';

export interface Held {
  readonly jobId: string;
  readonly chunkId: string;
  readonly attemptId: string;
}

/** A job with a chunk of 5 numbers, 0.002 USD, that is held after an upload to `alpha` whose outcome is unknown. */
export async function insertHeld(database: Database, tenantId = 1): Promise<Held> {
  const jobId = await insertAnsweredJob(database, { tenantId });
  const { rows } = await database.query<{ id: string; attempt_id: string }>(
    `SELECT c.id, c.attempt_id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 AND c.state = 'held'`,
    [jobId],
  );
  const [row] = rows;
  if (!row) throw new Error('nothing of the job is held');
  return { jobId, chunkId: row.id, attemptId: row.attempt_id };
}

/** The same after an upload that was accepted as the task `task-<chunk>`. */
export async function insertHeldAccepted(
  database: Database,
  reason: 'upstream_failed' | 'poll' | 'artifact',
  tenantId = 1,
): Promise<Held & { readonly taskId: string }> {
  const held = await insertHeld(database, tenantId);
  const taskId = `task-${held.chunkId}`;
  await database.query(
    `UPDATE store.attempts SET outcome = 'accepted', task_id = $2 WHERE id = $1`,
    [held.attemptId, taskId],
  );
  await database.query(
    `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
     SELECT attempt_id, tenant_id, job_no, account, currency, 'commit', amount FROM store.ledger WHERE attempt_id = $1`,
    [held.attemptId],
  );
  await database.query('UPDATE store.chunks SET reason = $2, locator = $3 WHERE id = $1', [
    held.chunkId,
    reason,
    reason === 'artifact' ? '{}' : null,
  ]);
  return { ...held, taskId };
}
