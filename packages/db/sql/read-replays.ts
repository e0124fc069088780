import type { ReplayMode, ResultSemantics } from '@rollcall/domain';
import type { Queryable } from '../database.ts';
import type { OutcomeChange } from './replay-difference.ts';

export interface ReplayRow {
  readonly id: string;
  readonly replay_no: number;
  readonly job_id: string;
  readonly chunk_id: string;
  readonly chunk_no: number;
  readonly account: string;
  readonly mode: ReplayMode;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly asked_by: string;
  readonly why: string;
  readonly failure: string | null;
  readonly semantics: ResultSemantics | null;
  readonly rows_before: number | null;
  readonly rows_after: number | null;
  readonly unchanged: number | null;
  readonly attributes_changed: number | null;
  readonly outcomes_changed: readonly OutcomeChange[] | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

const replays = `SELECT p.id, p.replay_no, j.id AS job_id, p.chunk_id, c.chunk_no, c.account, p.mode, p.state, p.asked_by, p.why, p.failure, p.semantics,
       p.rows_before, p.rows_after, p.unchanged, p.attributes_changed, p.outcomes_changed, p.created_at, p.finished_at
  FROM store.replays p
  JOIN store.jobs j ON j.job_no = p.job_no
  JOIN store.chunks c ON c.id = p.chunk_id`;

/** One replay of a tenant, or null. */
export async function readReplay(
  db: Queryable,
  tenantId: number,
  replayId: string,
): Promise<ReplayRow | null> {
  const { rows } = await db.query<ReplayRow>(`${replays} WHERE p.id = $1 AND p.tenant_id = $2`, [
    replayId,
    tenantId,
  ]);
  return rows[0] ?? null;
}

/** A page of the replays of a tenant's job, newest first. `before`: the number of the last one of the page before. */
export async function listReplays(
  db: Queryable,
  tenantId: number,
  jobId: string,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly ReplayRow[]> {
  const { rows } = await db.query<ReplayRow>(
    `${replays} WHERE j.id = $1 AND p.tenant_id = $2 AND ($3::integer IS NULL OR p.replay_no < $3) ORDER BY p.replay_no DESC LIMIT $4`,
    [jobId, tenantId, page.before, page.limit],
  );
  return rows;
}

export interface ReplayedRow {
  readonly number: string;
  readonly outcome_before: string | null;
  readonly outcome_after: string;
  readonly attributes_before: Readonly<Record<string, string>> | null;
  readonly attributes_after: Readonly<Record<string, string>> | null;
}

/** A page of the rows that a tenant's replay found to differ, in order of number. `after`: digits of the last number of the page before. */
export async function readReplayedRows(
  db: Queryable,
  tenantId: number,
  replayId: string,
  page: { readonly after: number | null; readonly limit: number },
): Promise<readonly ReplayedRow[]> {
  const { rows } = await db.query<ReplayedRow>(
    `SELECT '+' || r.number AS number, r.from_outcome AS outcome_before, r.to_outcome AS outcome_after,
            r.from_attributes AS attributes_before, r.to_attributes AS attributes_after
       FROM store.replays p
       JOIN store.jobs j ON j.job_no = p.job_no
       JOIN store.replayed_rows r ON r.replay_no = p.replay_no AND r.job_day = j.job_day
      WHERE p.id = $1 AND p.tenant_id = $2 AND r.number > COALESCE($3::bigint, 0)
      ORDER BY r.number LIMIT $4`,
    [replayId, tenantId, page.after, page.limit],
  );
  return rows;
}

/** How often files of a job were read again: what is still open, and what changed rows or released a chunk. */
export async function countReplays(
  db: Queryable,
  jobId: string,
): Promise<{ readonly open: number; readonly applied: number }> {
  const { rows } = await db.query<{ open: number; applied: number }>(
    `SELECT count(*) FILTER (WHERE p.state IN ('waiting', 'running')) AS open,
            count(*) FILTER (WHERE p.state = 'done' AND p.mode <> 'compare') AS applied
       FROM store.replays p JOIN store.jobs j ON j.job_no = p.job_no WHERE j.id = $1`,
    [jobId],
  );
  return rows[0] ?? { open: 0, applied: 0 };
}
