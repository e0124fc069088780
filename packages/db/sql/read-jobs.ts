import type { Queryable } from '../database.ts';

/** A row of the view `rollcall.jobs`; amounts are decimal text. */
export interface JobRow {
  readonly job_id: string;
  readonly name: string | null;
  readonly check_name: string;
  readonly account: string;
  readonly state: string;
  readonly lines: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly answered: number;
  readonly pending: number;
  readonly registered: number;
  readonly not_registered: number;
  readonly banned: number;
  readonly undetermined: number;
  readonly missing: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly suppressed: number;
  readonly erased: number;
  readonly held_chunks: number;
  readonly blocked_chunks: number;
  readonly cost: string;
  readonly reserved: string;
  readonly at_risk: string;
  readonly written_off: string;
  readonly currency: string;
  readonly max_cost: string | null;
  readonly purpose: string;
  readonly requested_by: string;
  readonly retry_of: string | null;
  readonly created_at: Date;
  readonly planned_at: Date | null;
  readonly finished_at: Date | null;
  readonly priority: number;
  readonly failure: string | null;
}

const jobRows = `SELECT v.*, j.priority, j.failure,
       (SELECT COALESCE(sum(l.amount), 0) FROM store.ledger l WHERE l.job_no = j.job_no AND l.entry = 'write_off') AS written_off
  FROM rollcall.jobs v JOIN store.jobs j ON j.id = v.job_id`;

/** One job of a tenant, or null. */
export async function readJob(
  db: Queryable,
  tenantId: number,
  jobId: string,
): Promise<JobRow | null> {
  const { rows } = await db.query<JobRow>(`${jobRows} WHERE j.id = $1 AND j.tenant_id = $2`, [
    jobId,
    tenantId,
  ]);
  return rows[0] ?? null;
}

/** What a list is narrowed to; what is absent narrows nothing. Times as Unix milliseconds. */
export interface JobFilters {
  readonly states?: readonly string[] | undefined;
  readonly check?: string | undefined;
  readonly account?: string | undefined;
  readonly name?: string | undefined;
  readonly requestedBy?: string | undefined;
  readonly retryOf?: string | undefined;
  readonly createdFrom_ms?: number | undefined;
  readonly createdBefore_ms?: number | undefined;
  /** Only jobs of which a chunk is held, blocked or not paid for. */
  readonly attention?: boolean | undefined;
}

/** A tenant's jobs, newest first. `before`: the last id of the page before. */
export async function listJobs(
  db: Queryable,
  tenantId: number,
  page: { readonly before: string | null; readonly limit: number },
  filters: JobFilters = {},
): Promise<readonly JobRow[]> {
  const values: unknown[] = [tenantId];
  const conditions = ["p.tenant_id = $1 AND p.state <> 'receiving'"];
  // Only what was asked for stands in the statement, so that its plan is made for just that.
  const narrow = (value: unknown, condition: (place: string) => string) => {
    if (value === undefined || value === null) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  narrow(page.before, (id) => `p.id < ${id}`);
  narrow(filters.states, (states) => `p.state = ANY (${states})`);
  narrow(filters.check, (check) => `p.check_name = ${check}`);
  narrow(filters.account, (account) => `p.account = ${account}`);
  narrow(filters.name, (name) => `p.name = ${name}`);
  narrow(filters.requestedBy, (who) => `p.requested_by = ${who}`);
  narrow(filters.retryOf, (parent) => `p.retry_of = ${parent}`);
  narrow(filters.createdFrom_ms, (ms) => `p.created_at >= to_timestamp(${ms}::float8 / 1000)`);
  narrow(filters.createdBefore_ms, (ms) => `p.created_at < to_timestamp(${ms}::float8 / 1000)`);
  if (filters.attention === true) {
    conditions.push(
      `p.job_no IN (SELECT c.job_no FROM store.chunks c WHERE c.state IN ('blocked', 'held')
                    UNION ALL SELECT c.job_no FROM store.chunks c WHERE c.awaiting_payment_since IS NOT NULL)`,
    );
  }
  values.push(page.limit);
  // The page first, alone: the view's sums are then made for its rows only.
  const { rows } = await db.query<JobRow>(
    `WITH page AS MATERIALIZED (
       SELECT p.id FROM store.jobs p WHERE ${conditions.join(' AND ')} ORDER BY p.id DESC LIMIT $${values.length})
     ${jobRows} WHERE j.id IN (SELECT id FROM page) ORDER BY j.id DESC`,
    values,
  );
  return rows;
}

export interface AttentionRow {
  /** `waiting`: the provider took it, and does not begin before it is paid. */
  readonly state: 'held' | 'blocked' | 'waiting';
  readonly reason: string;
  readonly detail: string | null;
  readonly chunks: number;
  readonly numbers: number;
  readonly money_at_risk: string;
  /** What a task was reserved for that waits to be paid. */
  readonly unpaid: string;
}

/** What of a job waits for a person, for a reason to go away or to be paid, and the money that is in doubt. */
export async function readAttention(
  db: Queryable,
  jobId: string,
): Promise<readonly AttentionRow[]> {
  const { rows } = await db.query<AttentionRow>(
    `SELECT CASE c.state WHEN 'polling' THEN 'waiting' ELSE c.state END AS state, CASE c.state WHEN 'polling' THEN 'provider_balance' ELSE c.reason END AS reason,
            c.held_detail AS detail, count(*) AS chunks, sum(c.numbers)::bigint AS numbers,
            COALESCE(sum(a.amount) FILTER (WHERE c.state = 'held'), 0)::text AS money_at_risk,
            COALESCE(sum(a.amount) FILTER (WHERE c.state = 'polling'), 0)::text AS unpaid
       FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no LEFT JOIN store.attempts a ON a.id = c.attempt_id
      WHERE j.id = $1 AND (c.state IN ('held', 'blocked') OR c.awaiting_payment_since IS NOT NULL)
      GROUP BY 1, 2, 3 ORDER BY min(array_position(ARRAY['held', 'blocked', 'polling'], c.state)), 2, 3`,
    [jobId],
  );
  return rows;
}

export interface RejectRow {
  readonly line: number;
  readonly reason: string;
  readonly raw: string;
}

/** A page of a job's rejected lines, in order of line. */
export async function readRejects(
  db: Queryable,
  tenantId: number,
  jobId: string,
  page: { readonly after: number | null; readonly limit: number },
): Promise<readonly RejectRow[]> {
  const { rows } = await db.query<RejectRow>(
    `SELECT r.line_no AS line, r.reason, r.raw
       FROM store.jobs j JOIN store.rejects r ON r.job_no = j.job_no AND r.job_day = j.job_day
      WHERE j.id = $1 AND j.tenant_id = $2 AND r.line_no > COALESCE($3::bigint, 0) ORDER BY r.line_no LIMIT $4`,
    [jobId, tenantId, page.after, page.limit],
  );
  return rows;
}

/** Rejected lines of a job by reason. */
export async function readRejectReasons(
  db: Queryable,
  jobId: string,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<{ reason: string; lines: number }>(
    'SELECT r.reason, r.lines FROM store.job_rejects r JOIN store.jobs j ON j.job_no = r.job_no WHERE j.id = $1 ORDER BY r.lines DESC',
    [jobId],
  );
  return Object.fromEntries(rows.map((row) => [row.reason, row.lines]));
}
