import {
  type ApprovalId,
  formatMoney,
  type JobId,
  type JobState,
  type Money,
} from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';

/** Making a child job of what failed or is missing. Numbers go from table to table: 10,000,000 of them never leave Postgres. */

/** A closed job and the tree of its retries, locked until the transaction ends: nobody else makes a retry in it meanwhile. */
export interface RetryTree {
  readonly jobId: string;
  readonly rootId: string;
  readonly tenantId: number;
  readonly checkName: string;
  readonly account: string;
}

export type LockedTree =
  | { readonly kind: 'locked'; readonly tree: RetryTree }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_closed' }
  /** Retention has dropped the rows that it would ask again, or those of its tree. */
  | { readonly kind: 'rows_dropped' }
  /** A retry in the same tree is open, or is being made right now. */
  | { readonly kind: 'retry_running'; readonly jobId: string | null };

/** The first job's row is what all of its tree lock. Whoever comes second does not wait: copying 10,000,000 numbers takes a minute. */
export async function lockRetryTree(
  tx: Transaction,
  tenantId: number,
  jobId: string,
): Promise<LockedTree> {
  const found = await tx.query<{
    root_id: string;
    check_name: string;
    account: string;
    state: JobState;
    closed: boolean;
  }>(
    `SELECT COALESCE(retry_root, id) AS root_id, check_name, account, finished_at IS NOT NULL AS closed
       FROM store.jobs WHERE id = $1 AND tenant_id = $2 AND state <> 'receiving'`,
    [jobId, tenantId],
  );
  const job = found.rows[0];
  if (!job) return { kind: 'not_found' };
  if (!job.closed) return { kind: 'not_closed' };
  const locked = await tx.query(
    'SELECT FROM store.jobs WHERE id = $1 AND tenant_id = $2 FOR NO KEY UPDATE SKIP LOCKED',
    [job.root_id, tenantId],
  );
  if (locked.rowCount !== 1) return { kind: 'retry_running', jobId: null };
  const open = await tx.query<{ id: string }>(
    'SELECT id FROM store.jobs WHERE retry_root = $1 AND finished_at IS NULL',
    [job.root_id],
  );
  if (open.rows[0]) return { kind: 'retry_running', jobId: open.rows[0].id };
  // Under the lock, which marking a month for its end waits for.
  const dropped = await tx.query(
    'SELECT FROM store.jobs WHERE (id = $1 OR retry_root = $1) AND rows_dropped_at IS NOT NULL LIMIT 1',
    [job.root_id],
  );
  if (dropped.rowCount !== 0) return { kind: 'rows_dropped' };
  // Rows are corrected, and numbers erased, under the whole lock of their chunk: before this, or once the retry is made, so that what is
  // counted is what is copied, and what was copied is there to be erased. Asking for a replay takes less, and does not wait.
  await tx.query(
    `SELECT FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
      WHERE (j.id = $1 OR j.retry_root = $1) AND c.state <> 'superseded' ORDER BY c.job_no, c.chunk_no FOR KEY SHARE OF c`,
    [job.root_id],
  );
  const { root_id: rootId, check_name: checkName, account } = job;
  return { kind: 'locked', tree: { jobId, rootId, tenantId, checkName, account } };
}

export type RetriedOutcome = 'failed' | 'missing';

/**
 * The numbers of a job ($1, in the tree of $2) whose latest answer along the tree is one of those to ask again ($3, as ranks).
 * All jobs of the tree are closed, so every number has its row in each job that asked it; rows of a first job that were corrected since count
 * with what they say now. One was paid for, or may have been,
 * where any upload of a chunk that held it was not free (one that a person heard was not charged may have been taken after all, and its
 * money is written off then); chunks are ranges, so those of a job are one multirange, and
 * no join can be planned wrongly over rows that nobody has analysed yet.
 */
const askedAgain = `
  WITH tree AS MATERIALIZED (
    SELECT j.job_no, j.job_day, j.id = $1 AS is_parent, j.retry_root IS NULL AS is_first,
           COALESCE((SELECT range_agg(int8range(c.first_number, c.last_number, '[]')) FROM store.chunks c
                      WHERE c.job_no = j.job_no AND EXISTS (
                        SELECT FROM store.attempts a WHERE a.chunk_id = c.id AND a.outcome NOT IN ('not_sent', 'refused_free')
                           AND (a.outcome <> 'not_charged' OR EXISTS (
                             SELECT FROM store.ledger l WHERE l.attempt_id = a.id AND l.entry = 'write_off')))),
                    '{}') AS paid,
           ARRAY(SELECT c.chunk_no FROM store.chunks c WHERE c.job_no = j.job_no AND c.replayed_at IS NOT NULL) AS replayed
      FROM store.jobs j WHERE j.id = $2 OR j.retry_root = $2),
  asked AS (
    SELECT r.number, bool_or(t.paid @> r.number) AS may_be_paid
      FROM tree t JOIN store.results r ON r.job_no = t.job_no AND r.job_day = t.job_day
     WHERE NOT t.is_first OR r.outcome IN ('failed', 'missing') OR r.chunk_no = ANY (t.replayed)
     GROUP BY r.number
    HAVING bool_or(t.is_parent) AND min(store.answer_rank(r.outcome)) = ANY($3::integer[]))`;

/** As `store.answer_rank` says. */
const ranks: Readonly<Record<RetriedOutcome, number>> = { missing: 1, failed: 2 };

function askedOf(tree: RetryTree, include: readonly RetriedOutcome[]) {
  return [tree.jobId, tree.rootId, include.map((outcome) => ranks[outcome])];
}

/** How many numbers a retry would ask, and how many of them were paid for before, or may have been. */
export async function countAskedAgain(
  tx: Queryable,
  tree: RetryTree,
  include: readonly RetriedOutcome[],
): Promise<{ readonly numbers: number; readonly mayBePaid: number }> {
  const { rows } = await tx.query<{ numbers: number; may_be_paid: number }>(
    `${askedAgain} SELECT count(*) AS numbers, count(*) FILTER (WHERE may_be_paid) AS may_be_paid FROM asked`,
    askedOf(tree, include),
  );
  return { numbers: rows[0]?.numbers ?? 0, mayBePaid: rows[0]?.may_be_paid ?? 0 };
}

/** Numbers of a retry's chunk that were missing before, anywhere in its tree: a table without them is no shorter than it was. */
export async function countMissingBefore(
  db: Queryable,
  chunk: {
    readonly jobNo: number;
    readonly jobDay: string;
    readonly range: { readonly first: number; readonly last: number };
    readonly retryRoot: string;
  },
): Promise<number> {
  const { rows } = await db.query<{ numbers: number }>(
    `SELECT count(*) AS numbers FROM store.job_numbers n
      WHERE n.job_no = $1 AND n.job_day = $2 AND n.number BETWEEN $3 AND $4
        AND EXISTS (SELECT FROM store.jobs t JOIN store.results r ON r.job_no = t.job_no AND r.job_day = t.job_day AND r.number = n.number
                     WHERE (t.id = $5 OR t.retry_root = $5) AND t.job_no <> $1 AND r.outcome = 'missing')`,
    [chunk.jobNo, chunk.jobDay, chunk.range.first, chunk.range.last, chunk.retryRoot],
  );
  return rows[0]?.numbers ?? 0;
}

/** A retry that was decided on; what is null is taken from the job that it retries. */
export interface NewRetry {
  readonly id: JobId;
  readonly include: readonly RetriedOutcome[];
  /** As counted in this transaction. */
  readonly numbers: number;
  readonly mayBePaid: number;
  readonly account: string;
  readonly currency: string;
  readonly name: string | null;
  readonly purpose: string | null;
  readonly requestedBy: string | null;
  readonly maxCost: Money | null;
  readonly createdBy: string;
  /** W3C trace context of the request, where one is kept. */
  readonly traceparent?: string | null;
  readonly approval: {
    readonly id: ApprovalId;
    readonly approvedBy: string;
    readonly why: string;
    readonly cost: Money;
    readonly costCeiling: Money;
  } | null;
}

/** Stores the child job with its numbers and its approval, ready to be planned; `ring` is the doorbell's. */
export async function insertRetry(
  tx: Transaction,
  tree: RetryTree,
  retry: NewRetry,
): Promise<{ readonly ring: number }> {
  const inserted = await tx.query<{ job_no: number; job_day: string }>(
    `INSERT INTO store.jobs (id, tenant_id, check_name, account, currency, name, priority, purpose, requested_by, default_region,
                             max_cost, created_by, retry_of, retry_root, may_be_paid, traceparent)
     SELECT $3, p.tenant_id, p.check_name, $4, $5, COALESCE($6, p.name), p.priority, COALESCE($7, p.purpose),
            COALESCE($8, p.requested_by), p.default_region, $9, $10, p.id, $2, $11, $12
       FROM store.jobs p WHERE p.id = $1
     RETURNING job_no, job_day`,
    [
      tree.jobId,
      tree.rootId,
      retry.id,
      retry.account,
      retry.currency,
      retry.name,
      retry.purpose,
      retry.requestedBy,
      retry.maxCost === null ? null : formatMoney(retry.maxCost),
      retry.createdBy,
      retry.mayBePaid,
      retry.traceparent ?? null,
    ],
  );
  const job = inserted.rows[0];
  if (!job) throw new Error('INSERT ... RETURNING gave no row');
  await tx.query('SELECT store.ensure_month($1)', [job.job_day]);
  const copied = await tx.query(
    `${askedAgain}
     INSERT INTO store.job_numbers (job_day, tenant_id, job_no, number)
     SELECT $4, $5, $6, number FROM asked ORDER BY number`,
    [...askedOf(tree, retry.include), job.job_day, tree.tenantId, job.job_no],
  );
  if (copied.rowCount !== retry.numbers) {
    throw new Error(
      `retry ${retry.id} was to have ${retry.numbers} numbers and got ${copied.rowCount}`,
    );
  }
  await insertApproval(tx, tree, retry);
  const planning = await tx.query<{ ring_no: number }>(
    `UPDATE store.jobs SET state = 'planning', lines = $2, accepted = $2, duplicates = 0, rejected = 0,
            due_at = clock_timestamp(), rung_at = clock_timestamp(), ring_no = ring_no + 1
      WHERE job_no = $1 AND state = 'receiving' RETURNING ring_no`,
    [job.job_no, retry.numbers],
  );
  return { ring: planning.rows[0]?.ring_no ?? 1 };
}

async function insertApproval(tx: Transaction, tree: RetryTree, retry: NewRetry): Promise<void> {
  if (!retry.approval) return;
  const { id, approvedBy, why, cost, costCeiling } = retry.approval;
  await tx.query(
    `INSERT INTO store.retry_approvals (id, tenant_id, job_id, approved_by, why, numbers, may_be_paid, cost, cost_ceiling, currency)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      tree.tenantId,
      retry.id,
      approvedBy,
      why,
      retry.numbers,
      retry.mayBePaid,
      formatMoney(cost),
      formatMoney(costCeiling),
      retry.currency,
    ],
  );
}
