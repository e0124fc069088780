import type { Store } from '@rollcall/model';
import { placeOf as placeInModel } from '@rollcall/model';
import { type Ground, row } from './ground.ts';

/** What a chunk is, in the words that the model and Postgres are compared in. */

/** Of the model. `artifactIds` names the files that the model only counts. */
export function viewOfModel(store: Store, artifactIds: readonly string[]): unknown {
  const { chunk } = store;
  const { artifact, ...rest } = chunk;
  return {
    ...rest,
    artifact: artifact === null ? null : artifactIds[artifact],
    job: store.job,
    pausedReason: store.pausedReason,
    attempts: store.attempts.map((attempt) => ({
      outcome: attempt.outcome,
      task: attempt.task,
      approval: attempt.approval,
      phase: attempt.phase,
      place: placeInModel(attempt),
    })),
    approvals: store.approvals,
    evidence: store.evidence.toSorted(),
    rows: store.rows,
  };
}

const sql = `
SELECT c.state, CASE c.state WHEN 'rejected' THEN 'refused' ELSE c.reason END AS reason, c.fence, a.attempt_no - 1 AS attempt,
       CASE WHEN c.due_at <= clock_timestamp() THEN 'past' WHEN c.due_at IS NOT NULL THEN 'later' END AS due,
       c.free_tries AS "freeTries", c.missing_polls AS "missingPolls", c.upstream_failures AS "upstreamFailures", c.adopting_task_id AS adopting,
       c.locator IS NOT NULL AS "hasLocator", c.locator_refreshes AS "locatorRefreshes", c.ingest_tries AS "ingestTries", c.artifact_id AS artifact,
       j.state AS job, s.paused_reason AS "pausedReason",
       (SELECT COALESCE(json_agg(json_build_object('outcome', t.outcome, 'task', t.task_id, 'approval', p.n, 'place', m.place, 'phase',
               (SELECT h.phase FROM store.poll_history h WHERE h.attempt_id = t.id AND h.applied AND h.phase <> 'unrecognised' ORDER BY h.id DESC LIMIT 1)) ORDER BY t.attempt_no), '[]')
          FROM store.attempts t JOIN store.attempt_money m ON m.attempt_id = t.id LEFT JOIN approved p ON p.id = t.approval_id
         WHERE t.chunk_id = c.id) AS attempts,
       (SELECT COALESCE(json_agg(json_build_object('attempt', t.attempt_no - 1, 'liftedTo', p.lifted_to) ORDER BY p.n), '[]')
          FROM approved p JOIN store.attempts t ON t.id = p.attempt_id) AS approvals,
       (SELECT COALESCE(json_agg(DISTINCT (t.attempt_no - 1) || ':' || e.task_id), '[]')
          FROM store.evidence e JOIN store.attempts t ON t.id = e.attempt_id WHERE t.chunk_id = c.id AND e.task_id IS NOT NULL) AS evidence,
       (SELECT COALESCE(json_agg(CASE r.outcome WHEN 'registered' THEN 'answers' ELSE r.outcome END), '[]')
          FROM store.results r JOIN store.job_numbers n ON n.job_no = r.job_no AND n.job_day = r.job_day AND n.number = r.number
         WHERE r.job_no = c.job_no AND r.number = c.first_number) AS rows,
       (SELECT count(*) = count(DISTINCT number) AND count(*) IN (0, c.numbers) FROM store.results WHERE job_no = c.job_no) AS "isWhole"
  FROM store.chunks c
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN store.account_states s ON s.account = c.account
  LEFT JOIN store.attempts a ON a.id = c.attempt_id
 WHERE c.id = $1`;

/** Of Postgres: the same, read from its tables. */
export async function viewOfStore(ground: Ground, chunkId: string): Promise<unknown> {
  const approved = `WITH approved AS (SELECT *, row_number() OVER (ORDER BY created_at, id) - 1 AS n FROM store.approvals WHERE chunk_id = $1)`;
  const { isWhole, ...view } = await row(ground, `${approved} ${sql}`, [chunkId]);
  if (isWhole !== true) throw new Error('rows are written for a part of the chunk, or twice');
  return { ...view, evidence: (view['evidence'] as string[]).toSorted() };
}
