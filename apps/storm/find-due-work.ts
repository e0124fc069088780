import type { Database } from '@rollcall/db';
import { patient } from './ground/patient.ts';
import { uploadsInFlight } from './ground/storm-accounts.ts';
import type { StepName } from './faults/worker-places.ts';

/** Something that a step can be done to now. */
export interface DueStep {
  readonly step: StepName;
  /** A job, a chunk, or for `poll` an account; empty for `expire`. */
  readonly id: string;
  readonly account: string;
}

/**
 * What the rescue sweep would ring for, in a fixed order, and the expire sweep where a lease is over. Of what is ready, only as much as its
 * account's breaker lets through: everything else would end without having done anything.
 */
export async function findDueWork(db: Database): Promise<readonly DueStep[]> {
  const { rows } = await patient(() =>
    db.query<DueStep>(
      `WITH room AS (
         SELECT s.account, CASE WHEN s.paused_reason IS NOT NULL OR s.breaker_state = 'open' THEN 0 WHEN s.breaker_state = 'closed' THEN $1 ELSE 1 END
                - (SELECT count(*) FROM store.chunks c WHERE c.account = s.account AND c.state = 'submitting') AS free
           FROM store.account_states s),
       sendable AS (
         SELECT c.id, c.account, row_number() OVER (PARTITION BY c.account ORDER BY c.due_at, c.id) AS place
           FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
          WHERE c.state IN ('ready', 'blocked') AND c.due_at <= clock_timestamp() AND j.state = 'running')
       SELECT 'plan' AS step, id, account FROM store.jobs
        WHERE due_at <= clock_timestamp() OR (due_at IS NULL AND finished_at IS NULL AND open_chunks = 0 AND planned_at IS NOT NULL)
       UNION ALL SELECT 'submit', s.id, s.account FROM sendable s JOIN room r ON r.account = s.account WHERE s.place <= r.free
       UNION ALL SELECT DISTINCT 'poll', account, account FROM store.chunks WHERE state = 'polling' AND due_at <= clock_timestamp()
       UNION ALL SELECT 'ingest', id, account FROM store.chunks WHERE state = 'result_ready' AND due_at <= clock_timestamp()
       UNION ALL SELECT 'expire', '', '' WHERE EXISTS (SELECT FROM store.chunks WHERE state IN ('submitting', 'ingesting') AND due_at <= clock_timestamp())
       ORDER BY 1, 2`,
      [uploadsInFlight],
    ),
  );
  return rows;
}
