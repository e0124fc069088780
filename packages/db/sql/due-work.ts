import type { Queryable } from '../database.ts';

export interface DueWork {
  readonly stage: 'plan' | 'submit' | 'poll' | 'ingest';
  /** Null for plan, whose jobs any worker may take. */
  readonly account: string | null;
}

/**
 * For which stage and account something could be done now, by the conditions of the rescue sweep. What is blocked, or ready at
 * an account that is paused, is not due: a worker that leaves it alone does right.
 */
export async function dueWork(db: Queryable): Promise<readonly DueWork[]> {
  const { rows } = await db.query<DueWork>(
    `SELECT CASE c.state WHEN 'ready' THEN 'submit' WHEN 'polling' THEN 'poll' ELSE 'ingest' END AS stage, c.account
       FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no JOIN store.account_states s ON s.account = c.account
      WHERE c.due_at <= clock_timestamp()
        AND (c.state IN ('polling', 'result_ready') OR (c.state = 'ready' AND j.state = 'running' AND s.paused_reason IS NULL))
     UNION
     SELECT 'ingest', c.account FROM store.replays p JOIN store.chunks c ON c.id = p.chunk_id WHERE p.due_at <= clock_timestamp()
     UNION
     SELECT 'plan', NULL WHERE EXISTS (
       SELECT FROM store.jobs
        WHERE due_at <= clock_timestamp() OR (due_at IS NULL AND finished_at IS NULL AND open_chunks = 0 AND planned_at IS NOT NULL))`,
  );
  return rows;
}
