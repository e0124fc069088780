import type { Queryable } from '../database.ts';

/** Chunks as people look at them; amounts are decimal text. */
export interface ChunkRow {
  readonly id: string;
  readonly job_id: string;
  readonly chunk_no: number;
  readonly account: string;
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly numbers: number;
  readonly is_canary: boolean;
  readonly task_id: string | null;
  readonly polls: number;
  readonly last_word: string | null;
  readonly last_total: number | null;
  readonly last_determined: number | null;
  readonly due_at: Date | null;
  readonly created_at: Date;
  readonly changed_at: Date;
  readonly closed_at: Date | null;
  readonly attempt_id: string | null;
  readonly attempt_no: number;
  readonly attempt_outcome: string;
  readonly attempt_reason: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly attempt_started_at: Date;
  readonly attempt_settled_at: Date | null;
}

const chunkRows = `SELECT c.id, j.id AS job_id, c.chunk_no, c.account, c.state, c.reason,
       CASE WHEN c.state = 'held' THEN COALESCE(c.held_detail, a.outcome_reason) END AS detail,
       c.numbers, c.is_canary, COALESCE(a.task_id, c.adopting_task_id) AS task_id, c.polls, c.last_word, c.last_total, c.last_determined,
       c.due_at, c.created_at, c.changed_at, c.closed_at,
       a.id AS attempt_id, a.attempt_no, a.outcome AS attempt_outcome, a.outcome_reason AS attempt_reason, a.amount, a.currency,
       a.created_at AS attempt_started_at, a.settled_at AS attempt_settled_at
  FROM store.jobs j
  JOIN store.chunks c ON c.job_no = j.job_no
  LEFT JOIN store.attempts a ON a.id = c.attempt_id`;

/** A page of a job's chunks, in order of their number. `after`: the number of the last one of the page before. */
export async function readChunks(
  db: Queryable,
  tenantId: number,
  jobId: string,
  page: { readonly after: number | null; readonly limit: number; readonly state: string | null },
): Promise<readonly ChunkRow[]> {
  const { rows } = await db.query<ChunkRow>(
    `${chunkRows} WHERE j.id = $1 AND j.tenant_id = $2 AND c.chunk_no > COALESCE($3::integer, 0) AND ($5::text IS NULL OR c.state = $5)
      ORDER BY c.chunk_no LIMIT $4`,
    [jobId, tenantId, page.after, page.limit, page.state],
  );
  return rows;
}

/** One chunk of a tenant, or null; of the job, where one is named. */
export async function readChunk(
  db: Queryable,
  tenantId: number,
  chunkId: string,
  jobId: string | null,
): Promise<ChunkRow | null> {
  const { rows } = await db.query<ChunkRow>(
    `${chunkRows} WHERE c.id = $1 AND c.tenant_id = $2 AND ($3::text IS NULL OR j.id = $3)`,
    [chunkId, tenantId, jobId],
  );
  return rows[0] ?? null;
}

export interface AttemptRow {
  readonly id: string;
  readonly attempt_no: number;
  readonly outcome: string;
  readonly outcome_reason: string | null;
  readonly numbers: number;
  readonly price_per_number: string;
  readonly amount: string;
  readonly currency: string;
  readonly task_id: string | null;
  /** A task that its own answer named and that is not its task: the answer came late, or another upload has that task. */
  readonly named_task_id: string | null;
  /** It was paid for again, the provider is known to have taken it, and its money did not come back. */
  readonly paid_twice: boolean;
  readonly approval_id: string | null;
  readonly created_at: Date;
  readonly settled_at: Date | null;
  /** Where its money is: reserved, committed, released, at_risk or written_off. */
  readonly place: string;
}

/** Every try at uploading a chunk, oldest first; free tries are at most 20, paid ones need an approval each. */
export async function readAttempts(
  db: Queryable,
  tenantId: number,
  chunkId: string,
): Promise<readonly AttemptRow[]> {
  const { rows } = await db.query<AttemptRow>(
    `SELECT a.id, a.attempt_no, a.outcome, a.outcome_reason, a.numbers, a.price_per_number, a.amount, a.currency, a.task_id, a.approval_id,
            a.created_at, a.settled_at, m.place,
            CASE WHEN e.task_id IS DISTINCT FROM a.task_id THEN e.task_id END AS named_task_id,
            m.place = 'written_off' AND COALESCE(e.verdict = 'accepted', false) AS paid_twice
       FROM store.attempts a
       LEFT JOIN LATERAL (SELECT * FROM store.evidence o WHERE o.attempt_id = a.id AND o.operation = 'submit' AND o.task_id IS NOT NULL
                           ORDER BY o.id DESC LIMIT 1) e ON true
       -- One attempt at a time, so that the view groups its few entries and not the whole ledger.
       JOIN LATERAL (SELECT v.place FROM store.attempt_money v WHERE v.attempt_id = a.id) m ON true
      WHERE a.chunk_id = $1 AND a.tenant_id = $2 ORDER BY a.attempt_no`,
    [chunkId, tenantId],
  );
  return rows;
}

export interface PollRow {
  readonly at: Date;
  readonly answer: string;
  readonly word: string | null;
  readonly phase: string | null;
  readonly total: number | null;
  readonly determined: number | null;
  readonly applied: boolean;
}

/** What the provider said of a chunk's task lately, newest first. */
export async function readPolls(
  db: Queryable,
  tenantId: number,
  chunkId: string,
  limit: number,
): Promise<readonly PollRow[]> {
  const { rows } = await db.query<PollRow>(
    `SELECT at, answer, word, phase, total,
            CASE WHEN success IS NOT NULL OR failure IS NOT NULL THEN COALESCE(success, 0) + COALESCE(failure, 0) END AS determined, applied
       FROM store.poll_history WHERE chunk_id = $1 AND tenant_id = $2 ORDER BY id DESC LIMIT $3`,
    [chunkId, tenantId, limit],
  );
  return rows;
}

export interface NamedChunkRow {
  readonly id: string;
  readonly chunk_no: number;
  /** The highest number of a chunk of the job. */
  readonly chunks: number;
  readonly job_id: string;
  readonly check_name: string;
  readonly account: string;
  readonly numbers: number;
  readonly state: string;
  readonly reason: string | null;
}

/** What to call some of a tenant's chunks, in one statement. */
export async function nameChunks(
  db: Queryable,
  tenantId: number,
  chunkIds: readonly string[],
): Promise<readonly NamedChunkRow[]> {
  const { rows } = await db.query<NamedChunkRow>(
    `SELECT c.id, c.chunk_no, (SELECT max(o.chunk_no) FROM store.chunks o WHERE o.job_no = c.job_no) AS chunks,
            j.id AS job_id, j.check_name, c.account, c.numbers, c.state, CASE WHEN c.state IN ('held', 'blocked') THEN c.reason END AS reason
       FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.id = ANY($1) AND c.tenant_id = $2`,
    [chunkIds, tenantId],
  );
  return rows;
}
