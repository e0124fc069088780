import type { Breaker, LearnedLimits } from '@rollcall/domain';
import type { Database, Queryable } from '../database.ts';
import { readBreakers } from './breaker.ts';

/** How the accounts are. Health is the account's own; chunks and money are those of the tenant that asks. Amounts are decimal text. */
export interface AccountHealthRow {
  readonly account: string;
  readonly pausedReason: 'operator' | 'auth' | 'actual_above_price' | null;
  readonly pausedAt: Date | null;
  readonly pauseNote: string | null;
  readonly semanticsConfirmed: boolean;
  /** When and by whom, where a person did and not the accounts file. */
  readonly semanticsConfirmedAt: Date | null;
  readonly semanticsNote: string | null;
  readonly balance: string | null;
  readonly balanceAt: Date | null;
  readonly uploadsInFlight: number;
  readonly breaker: Breaker;
  /** Unknown uploads that the breaker counts. */
  readonly unknownRecent: number;
  /** When a person or a canary closed the breaker last, and who and why where it was a person. */
  readonly breakerResetAt: Date | null;
  readonly breakerResetNote: string | null;
  /** When a person let it send again last, and who and why. */
  readonly resumedAt: Date | null;
  readonly resumedNote: string | null;
}

/** Every account that a worker has made known, with what all tenants have in flight there. */
export async function readAccountHealth(db: Database): Promise<readonly AccountHealthRow[]> {
  const all = db.ofInstallation;
  const breakers = new Map((await readBreakers(all)).map((each) => [each.account, each]));
  const { rows } = await all.query(
    `SELECT s.account, NULLIF(s.breaker_reset_at, '-infinity') AS breaker_reset_at, s.breaker_reset_note, s.resumed_at, s.resumed_note, s.paused_reason, s.paused_at, s.pause_note, s.semantics_confirmed, s.semantics_confirmed_at, s.semantics_note, s.balance, s.balance_at,
            (SELECT count(*) FROM store.chunks f WHERE f.account = s.account AND f.state = 'submitting') AS in_flight
       FROM store.account_states s`,
  );
  return rows.map((row) => ({
    account: row.account,
    pausedReason: row.paused_reason,
    pausedAt: row.paused_at,
    pauseNote: row.pause_note,
    semanticsConfirmed: row.semantics_confirmed,
    semanticsConfirmedAt: row.semantics_confirmed_at,
    semanticsNote: row.semantics_note,
    balance: row.balance,
    balanceAt: row.balance_at,
    uploadsInFlight: row.in_flight,
    breaker: breakers.get(row.account)?.breaker ?? { state: 'closed' },
    unknownRecent: breakers.get(row.account)?.unknowns ?? 0,
    breakerResetAt: row.breaker_reset_at,
    breakerResetNote: row.breaker_reset_note,
    resumedAt: row.resumed_at,
    resumedNote: row.resumed_note,
  }));
}

export interface OpenChunksRow {
  readonly account: string;
  readonly state: string;
  readonly reason: string | null;
  readonly chunks: number;
}

/** A tenant's open chunks by account, state and, where they wait, reason. */
export async function countOpenChunks(
  db: Queryable,
  tenantId: number,
): Promise<readonly OpenChunksRow[]> {
  const { rows } = await db.query<OpenChunksRow>(
    `SELECT account, state, reason, count(*) AS chunks FROM store.chunks WHERE tenant_id = $1 AND closed_at IS NULL GROUP BY 1, 2, 3`,
    [tenantId],
  );
  return rows;
}

/** What of a tenant waits for the provider's money, of one account and check. */
export interface UnpaidRow {
  readonly account: string;
  readonly checkName: string;
  /** Chunks that were not sent, and their numbers. */
  readonly chunks: number;
  readonly numbers: number;
  /** Tasks that the provider took and does not begin, and what they were reserved for (decimal text). */
  readonly tasks: number;
  readonly tasksAmount: string;
  /** Since when the first of them waits. */
  readonly since: Date;
}

export async function readUnpaid(db: Queryable, tenantId: number): Promise<readonly UnpaidRow[]> {
  const { rows } = await db.query(
    `SELECT c.account, j.check_name, count(*) FILTER (WHERE c.state = 'blocked') AS chunks, COALESCE(sum(c.numbers) FILTER (WHERE c.state = 'blocked'), 0)::bigint AS numbers,
            count(*) FILTER (WHERE c.state = 'polling') AS tasks, COALESCE(sum(a.amount) FILTER (WHERE c.state = 'polling'), 0)::text AS tasks_amount,
            min(COALESCE(c.awaiting_payment_since, c.changed_at)) AS since
       FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no LEFT JOIN store.attempts a ON a.id = c.attempt_id
      WHERE c.tenant_id = $1 AND c.closed_at IS NULL AND ((c.state = 'blocked' AND c.reason = 'provider_balance') OR c.awaiting_payment_since IS NOT NULL)
      GROUP BY 1, 2`,
    [tenantId],
  );
  return rows.map((row) => ({
    account: row.account,
    checkName: row.check_name,
    chunks: row.chunks,
    numbers: row.numbers,
    tasks: row.tasks,
    tasksAmount: row.tasks_amount,
    since: row.since,
  }));
}

export interface AccountMoneyRow {
  readonly account: string;
  readonly reserved: string;
  readonly at_risk: string;
  readonly written_off: string;
  readonly committed_today: string;
  readonly committed_this_month: string;
}

/**
 * A tenant's money by account, from the ledger: what is in doubt now, what was ever written off, and what was committed since the UTC day and month began
 * and neither given back nor written off since.
 */
export async function sumAccountMoney(
  db: Queryable,
  tenantId: number,
): Promise<readonly AccountMoneyRow[]> {
  const { rows } = await db.query<AccountMoneyRow>(
    `WITH clock AS (SELECT date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS today,
                           date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS this_month),
     doubt AS (
       SELECT l.account, COALESCE(sum(l.amount) FILTER (WHERE r.id IS NULL), 0) AS reserved, COALESCE(sum(l.amount) FILTER (WHERE r.id IS NOT NULL), 0) AS at_risk
         FROM store.attempts a
         JOIN store.ledger l ON l.attempt_id = a.id AND l.entry = 'reserve'
         LEFT JOIN store.ledger r ON r.attempt_id = a.id AND r.entry = 'at_risk'
        WHERE a.tenant_id = $1 AND a.outcome IN ('intent', 'unknown') GROUP BY 1),
     committed AS (
       SELECT l.account, COALESCE(sum(l.amount) FILTER (WHERE l.at >= k.today), 0) AS today, sum(l.amount) AS this_month
         FROM store.ledger l, clock k
        WHERE l.tenant_id = $1 AND l.entry = 'commit' AND l.at >= k.this_month
          AND NOT EXISTS (SELECT FROM store.ledger g WHERE g.attempt_id = l.attempt_id AND g.entry IN ('release', 'write_off')) GROUP BY 1),
     lost AS (SELECT account, sum(amount) AS written_off FROM store.ledger WHERE tenant_id = $1 AND entry = 'write_off' GROUP BY 1)
     SELECT account, COALESCE(w.written_off, 0)::text AS written_off, COALESCE(d.reserved, 0)::text AS reserved, COALESCE(d.at_risk, 0)::text AS at_risk,
            COALESCE(c.today, 0)::text AS committed_today, COALESCE(c.this_month, 0)::text AS committed_this_month
       FROM doubt d FULL JOIN committed c USING (account) FULL JOIN lost w USING (account)`,
    [tenantId],
  );
  return rows;
}

export interface TroubleRow {
  readonly account: string;
  readonly at: Date;
  readonly operation: string;
  readonly verdict: string;
  readonly http_status: number | null;
  readonly transport_error: string | null;
}

/** Older troubles than so many exchanges, over all accounts, are not looked for. */
const troublesLooked = 1_000;

/** The last exchange of each account, over a tenant's uploads, that did not go well. */
export async function readLastTroubles(
  db: Queryable,
  tenantId: number,
): Promise<readonly TroubleRow[]> {
  const { rows } = await db.query<TroubleRow>(
    `SELECT DISTINCT ON (a.account) a.account, e.recorded_at AS at, e.operation, e.verdict, e.http_status, e.transport_error
       FROM (SELECT * FROM store.evidence WHERE verdict NOT IN ('accepted','downloaded') AND tenant_id = $1 ORDER BY id DESC LIMIT ${troublesLooked}) e
       JOIN store.attempts a ON a.id = e.attempt_id ORDER BY a.account, e.id DESC`,
    [tenantId],
  );
  return rows;
}

/** What every provider taught of its limits. */
export async function listLearnedLimits(
  db: Queryable,
): Promise<readonly ({ readonly account: string; readonly checkName: string } & LearnedLimits)[]> {
  const { rows } = await db.query(
    'SELECT account, check_name, min_numbers, max_numbers FROM store.learned_limits',
  );
  return rows.map((row) => ({
    account: row.account,
    checkName: row.check_name,
    minNumbers: row.min_numbers,
    maxNumbers: row.max_numbers,
  }));
}
