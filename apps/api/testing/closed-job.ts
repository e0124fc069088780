import { randomBytes } from 'node:crypto';
import {
  closeChunks,
  type Database,
  giveUp,
  insertRejectedChunk,
  lockJobForPlanning,
  startRunning,
  wholeJob,
} from '@rollcall/db';
import { makeId } from '@rollcall/domain';
import { insertAnsweredJob } from './answered-job.ts';

/** Closed jobs with something to retry, closed by the same statements as workers close them. */

/** 20 numbers answered, 5 failed: a person gave their upload up, and nobody knows whether it was charged. */
export async function closedInDoubt(
  database: Database,
  { tenantId = 1 }: { readonly tenantId?: number } = {},
): Promise<string> {
  const jobId = await insertAnsweredJob(database, { tenantId });
  const { rows } = await database.query<{ id: string }>(
    `SELECT c.id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 AND c.state = 'held'`,
    [jobId],
  );
  const given = await giveUp(database, rows[0]?.id ?? '', {
    tenantId,
    decidedBy: 'ada',
    why: 'test',
  });
  if (given.kind !== 'decided' || given.closing?.kind !== 'closed') {
    throw new Error(`the job did not close: ${JSON.stringify(given)}`);
  }
  return jobId;
}

/** Ends all numbers of a job that is being planned as failed, of which no upload was ever made. */
export async function rejectWhole(database: Database, jobId: string): Promise<void> {
  await database.transaction('test', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    if (!job) throw new Error('the job is being planned elsewhere');
    await tx.query(
      `INSERT INTO store.account_states (account, provider_origin, adapter, currency)
       VALUES ($1, 'https://provider.example', 'tasks-v1', 'USD') ON CONFLICT DO NOTHING`,
      [job.account],
    );
    const id = makeId('chunk', Date.now(), randomBytes(10));
    await insertRejectedChunk(tx, job, await wholeJob(tx, job), 1, id, 'batch_size_refused');
    await startRunning(tx, job.jobNo);
    const closing = await closeChunks(tx, job.jobNo, 0);
    if (closing.kind !== 'closed') throw new Error(`the job did not close: ${closing.kind}`);
  });
}
