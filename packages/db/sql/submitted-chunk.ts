import type { AttemptId } from '@rollcall/domain';
import type { Queryable } from '../database.ts';

export interface SubmittedChunk {
  readonly chunkId: string;
  readonly attemptId: AttemptId;
  readonly fence: number;
  readonly tenantId: number;
  readonly jobNo: number;
  readonly account: string;
  readonly checkName: string;
}

/** The chunk of an attempt that is still an intent, or null: it was never committed, or has been settled. */
export async function findIntent(
  tx: Queryable,
  attemptId: AttemptId,
): Promise<(SubmittedChunk & { readonly jobId: string }) | null> {
  const { rows } = await tx.query(
    `SELECT a.chunk_id, a.fence, a.tenant_id, a.account, c.job_no, j.id AS job_id, j.check_name
       FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no
      WHERE a.id = $1 AND a.outcome = 'intent'`,
    [attemptId],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    chunkId: row.chunk_id,
    attemptId,
    fence: row.fence,
    tenantId: row.tenant_id,
    jobNo: row.job_no,
    account: row.account,
    checkName: row.check_name,
    jobId: row.job_id,
  };
}

/** The server's time, and whether the job was cancelled while its chunk was on the wire. */
export async function answerFacts(
  db: Queryable,
  jobId: string,
): Promise<{ readonly now_ms: number; readonly jobCancelled: boolean }> {
  const { rows } = await db.query<{ now_ms: number; cancelled: boolean }>(
    `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms, state = 'cancelling' AS cancelled FROM store.jobs WHERE id = $1`,
    [jobId],
  );
  const row = rows[0];
  if (!row) throw new Error(`job ${jobId} is gone`);
  return { now_ms: row.now_ms, jobCancelled: row.cancelled };
}
