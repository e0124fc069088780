import type { BreakerState } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { readBreakers } from './breaker.ts';
import { countedByCaps } from './caps.ts';

/** Everything that metrics say of the whole installation, over all tenants: no id and no number is in it. */
export interface MetricFacts {
  readonly jobs: readonly { readonly state: string; readonly jobs: number }[];
  readonly finishedLastDay: readonly { readonly state: string; readonly jobs: number }[];
  /** Open chunks. `reason` is `none` unless the state has one; ages in seconds. */
  readonly chunks: readonly {
    readonly account: string;
    readonly state: string;
    readonly reason: string;
    readonly chunks: number;
    readonly numbers: number;
    /** How long the longest-waiting of them has been in this state. */
    readonly oldest_seconds: number;
    /** Of them, those that a worker could take now, by the conditions of the rescue sweep; and since when. */
    readonly due: number;
    readonly due_seconds: number;
  }[];
  /** Jobs that a worker could plan or close now. */
  readonly duePlans: { readonly due: number; readonly due_seconds: number };
  readonly numbers: readonly { readonly outcome: string; readonly numbers: number }[];
  readonly held: readonly {
    readonly account: string;
    readonly currency: string;
    readonly reason: string;
    readonly amount: number;
  }[];
  readonly booked: readonly LedgerSum[];
  readonly accounts: readonly {
    readonly account: string;
    readonly currency: string;
    readonly balance: number | null;
    readonly balance_age_seconds: number | null;
    readonly paused_reason: string | null;
    readonly unknown_uploads: number;
    readonly breaker: BreakerState;
    /** What caps count: reserved in this UTC day and month, by the configured price, and not given back. */
    readonly reserved_today: number;
    readonly reserved_this_month: number;
  }[];
}

interface LedgerSum {
  readonly account: string;
  readonly currency: string;
  readonly entry: string;
  readonly amount: number;
}

/** Longer than all of it takes at 100,000 open chunks, and short enough that a scrape does not give up first. */
const statementTimeout_ms = 4_000;

/**
 * Reads the facts in one read-only snapshot. The ledger is append-only, so its sums never fall; what is older than any open
 * transaction is added up once and remembered by the reader, and later reads look at the last quarter of an hour alone.
 */
export function metricReader(db: Database): () => Promise<MetricFacts> {
  let settled: SettledLedger = { until: '-infinity', sums: new Map() };
  return async () => {
    const { facts, ledger } = await db.ofInstallation.transaction('metrics.read', async (tx) => {
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await tx.query(`SET LOCAL statement_timeout = ${statementTimeout_ms}`);
      const booked = await readLedger(tx, settled);
      return {
        ledger: booked.settled,
        facts: {
          jobs: await rowsOf<MetricFacts['jobs']>(tx, openJobs),
          finishedLastDay: await rowsOf<MetricFacts['finishedLastDay']>(tx, finishedJobs),
          chunks: await rowsOf<MetricFacts['chunks']>(tx, openChunks),
          numbers: await rowsOf<MetricFacts['numbers']>(tx, outcomes),
          held: await rowsOf<MetricFacts['held']>(tx, heldMoney),
          duePlans:
            (await rowsOf<readonly MetricFacts['duePlans'][]>(tx, duePlans))[0] ?? nothingDue,
          booked: booked.sums,
          accounts: await readAccounts(tx),
        },
      };
    });
    settled = ledger;
    return facts;
  };
}

async function rowsOf<Rows extends readonly object[]>(
  tx: Transaction,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Rows> {
  const { rows } = await tx.query(sql, [...values]);
  return rows as unknown as Rows;
}

const openJobs = `
  SELECT state, count(*) AS jobs FROM store.jobs WHERE finished_at IS NULL GROUP BY state`;

const finishedJobs = `
  SELECT state, count(*) AS jobs FROM store.jobs WHERE finished_at > now() - interval '1 day' GROUP BY state`;

// One pass over the open chunks: at 100,000 of them it is most of what a scrape costs. What is due is due by the conditions of
// dueDoorbells: what is counted here is what somebody should take.
const openChunks = `
  SELECT g.account, g.state, g.reason, sum(g.chunks)::bigint AS chunks, sum(g.numbers)::bigint AS numbers,
         extract(epoch FROM now() - min(g.since))::float8 AS oldest_seconds,
         COALESCE(sum(g.due) FILTER (WHERE d.takes), 0)::bigint AS due,
         COALESCE(extract(epoch FROM now() - min(g.due_since) FILTER (WHERE d.takes AND g.due > 0)), 0)::float8 AS due_seconds
    FROM (SELECT job_no, account, state, COALESCE(reason, 'none') AS reason, count(*) AS chunks, sum(numbers) AS numbers,
                 min(changed_at) AS since, count(*) FILTER (WHERE due_at <= now()) AS due, min(due_at) AS due_since
            FROM store.chunks WHERE closed_at IS NULL GROUP BY 1, 2, 3, 4) g
    JOIN store.jobs j ON j.job_no = g.job_no
    CROSS JOIN LATERAL (SELECT g.state IN ('polling', 'result_ready') OR (g.state IN ('ready', 'blocked') AND j.state = 'running') AS takes) d
   GROUP BY 1, 2, 3`;

const nothingDue = { due: 0, due_seconds: 0 };
const duePlans = `
  SELECT count(*) AS due, COALESCE(extract(epoch FROM now() - min(since)), 0)::float8 AS due_seconds
    FROM (SELECT due_at AS since FROM store.jobs WHERE due_at <= now()
          UNION ALL
          SELECT planned_at FROM store.jobs WHERE finished_at IS NULL AND open_chunks = 0 AND planned_at IS NOT NULL) d`;

const outcomes = `
  SELECT outcome, sum(numbers)::bigint AS numbers FROM store.job_outcomes GROUP BY outcome`;

const heldMoney = `
  SELECT c.account, a.currency, c.reason, sum(a.amount)::float8 AS amount
    FROM store.chunks c JOIN store.attempts a ON a.id = c.attempt_id
   WHERE c.state = 'held' GROUP BY 1, 2, 3`;

const accounts = `
  SELECT s.account, s.currency, s.balance::float8 AS balance,
         extract(epoch FROM now() - s.balance_at)::float8 AS balance_age_seconds,
         s.paused_reason, m.today::float8 AS reserved_today, m.this_month::float8 AS reserved_this_month
    FROM store.account_states s ${countedByCaps()}`;

async function readAccounts(tx: Transaction): Promise<MetricFacts['accounts']> {
  const breakers = new Map((await readBreakers(tx)).map((each) => [each.account, each]));
  type Row = Omit<MetricFacts['accounts'][number], 'unknown_uploads' | 'breaker'>;
  return (await rowsOf<readonly Row[]>(tx, accounts)).map((row) => ({
    ...row,
    unknown_uploads: breakers.get(row.account)?.unknowns ?? 0,
    breaker: breakers.get(row.account)?.breaker.state ?? 'closed',
  }));
}

interface SettledLedger {
  /** Everything booked before this moment is in `sums`, and nothing can be booked before it any more. */
  readonly until: string;
  readonly sums: ReadonlyMap<string, LedgerSum>;
}

async function readLedger(
  tx: Transaction,
  { until, sums }: SettledLedger,
): Promise<{ readonly settled: SettledLedger; readonly sums: readonly LedgerSum[] }> {
  // No transaction of ours stays open for 15 minutes: Postgres ends idle ones after 15 s.
  const { rows } = await tx.query<LedgerSum & { older: number; horizon: string }>(
    `WITH h AS (SELECT greatest($1::timestamptz, now() - interval '15 minutes') AS horizon)
     SELECT l.account, l.currency, l.entry, sum(l.amount)::float8 AS amount,
            COALESCE(sum(l.amount) FILTER (WHERE l.at < h.horizon), 0)::float8 AS older, h.horizon::text AS horizon
       FROM store.ledger l CROSS JOIN h WHERE l.at >= $1::timestamptz GROUP BY 1, 2, 3, h.horizon`,
    [until],
  );
  const [first] = rows;
  if (!first) return { settled: { until, sums }, sums: [...sums.values()] };
  const older = new Map(sums);
  const all = new Map(sums);
  for (const { account, currency, entry, amount, older: settledAmount } of rows) {
    const key = [account, currency, entry].join('\t');
    const before = sums.get(key)?.amount ?? 0;
    if (settledAmount > 0 || sums.has(key)) {
      older.set(key, { account, currency, entry, amount: before + settledAmount });
    }
    all.set(key, { account, currency, entry, amount: before + amount });
  }
  return { settled: { until: first.horizon, sums: older }, sums: [...all.values()] };
}
