import {
  type AttemptId,
  type BlockedReason,
  type Breaker,
  type ChunkId,
  formatMoney,
  type JobState,
  type Money,
  type Share,
} from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { together } from '../together.ts';
import { advanceBreaker } from './breaker.ts';
import { countedByCaps } from './caps.ts';
import { readShare } from './fair-shares.ts';
import { stillReleased } from './ledger.ts';
import { storedMoney } from './storable.ts';

async function accountOf(tx: Transaction, chunkId: string): Promise<string | null> {
  const { rows } = await tx.query<{ account: string }>(
    'SELECT account FROM store.chunks WHERE id = $1',
    [chunkId],
  );
  return rows[0]?.account ?? null;
}

/** What `decideSubmit` needs, read under the locks that make it true until the transaction ends. */
export interface LoadedSubmit {
  readonly chunkId: ChunkId;
  readonly jobNo: number;
  readonly jobId: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly account: string;
  readonly checkName: string;
  readonly fence: number;
  readonly freeTries: number;
  readonly numbersInRange: { readonly first: number; readonly last: number };
  /** Numbers of the chunk that are not sent: suppressed, or erased. */
  readonly leftOut: { readonly suppressed: number; readonly erased: number };
  /** Whether the suppression list is the one that its numbers were held to. */
  readonly isListTheSame: boolean;
  /** The version of the list that they were held to. */
  readonly suppressionChecked: number;
  /** It was paid for before, or may have been, and a person lets it be paid again: it is not cut anew. */
  readonly isPaidAgain: boolean;
  /** What its tenant had of the account, before this. */
  readonly share: Share;
  readonly facts: {
    readonly now_ms: number;
    /** The tenant's name. */
    readonly tenant: string;
    readonly chunk: {
      readonly state: 'ready' | 'blocked';
      readonly reason: BlockedReason | null;
      readonly due_ms: number | null;
      /** Those that are sent. */
      readonly numbers: number;
    };
    readonly job: {
      readonly state: JobState;
      readonly currency: string;
      readonly maxCost: Money | null;
      readonly spent: Money;
    };
    readonly account: {
      readonly pausedReason: 'operator' | 'auth' | 'actual_above_price' | null;
      readonly uploadsInFlight: number;
      readonly breaker: Breaker;
      readonly awaitingPayment: boolean;
      readonly balance: { readonly left: Money; readonly told_ms: number } | null;
      readonly spentToday: Money;
      readonly dayEnds_ms: number;
      readonly spentThisMonth: Money;
      readonly monthEnds_ms: number;
      readonly currencies: readonly string[];
      readonly nextRequest_ms: number;
    };
    readonly approvedCeiling: Money | null;
  };
}

/** A balance counts so long after it was told: what was reserved since is summed at every claim, and a deposit is unseen until it is asked for. */
const balanceCountsFor_hours = 24;

/** What an account's caps are summed over: the UTC month, the UTC day, or nothing where it has none. */
export type CapPeriod = 'month' | 'day' | 'none';

/** In SQL, as `countedByCaps` takes it: `$3` is a CapPeriod. */
const capsSince = `CASE WHEN $3 = 'none' THEN 'infinity' ELSE date_trunc($3, t.utc)::date END`;

/** In SQL: a column of the approval `p` that allows the next upload of a chunk. One that served a payment allows no other. */
const openApproval = (column: string, chunkId: string): string => `
  SELECT ${column} FROM store.approvals p
   WHERE p.chunk_id = ${chunkId}
     AND NOT EXISTS (SELECT FROM store.attempts a WHERE a.approval_id = p.id AND a.outcome NOT IN ('not_sent','refused_free'))
   ORDER BY p.created_at DESC LIMIT 1`;

/**
 * Locks the account, then the chunk, and reads the facts. The account's row serialises the claims of one account, which is
 * what makes slots, pace and ceilings true over all processes. Null: not ready or blocked, or another worker has it. `capPeriod`: what
 * lies outside is not summed, and days are summed that are kept as sums: a month of 100,000 uploads, added up one by one while all claims of the account wait, took 250 ms
 * of two busy cores. One row more to look up is a subquery: two joins took 4 ms of planning. `inTurn`: another chunk of this account, asked under its lock.
 */
export async function loadSubmit(
  tx: Transaction,
  chunkId: string,
  capPeriod: (account: string) => CapPeriod = () => 'month',
  inTurn?: { readonly account: string; readonly choose: () => Promise<string> },
): Promise<LoadedSubmit | null> {
  const account = inTurn?.account ?? (await accountOf(tx, chunkId));
  if (account === null) return null;
  // All claims of the account wait from here to the COMMIT: for three answers.
  const [, chosen, breaker] = await together(
    tx.query('SELECT FROM store.account_states WHERE account = $1 FOR NO KEY UPDATE', [account]),
    inTurn === undefined ? Promise.resolve(chunkId) : inTurn.choose(),
    advanceBreaker(tx, account),
  );
  const loading = tx.query(
    `SELECT c.id, c.job_no, c.tenant_id, (SELECT t.name FROM store.tenants t WHERE t.id = c.tenant_id) AS tenant, c.account, c.fence, c.free_tries, c.state, c.reason, c.numbers - c.suppressed - c.erased AS numbers,
            c.first_number, c.last_number, c.suppressed, c.erased, c.suppression_checked,
            c.suppression_checked = COALESCE((SELECT v.version FROM store.suppression_lists v WHERE v.tenant_id = c.tenant_id), 0) AS is_list_the_same,
            j.id AS job_id, j.job_day, j.check_name, j.state AS job_state, j.max_cost, j.currency, s.paused_reason,
            extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms,
            extract(epoch FROM c.due_at)::float8 * 1000 AS due_ms,
            greatest(extract(epoch FROM s.next_request_at)::float8 * 1000, 0) AS next_request_ms,
            extract(epoch FROM (date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC')::float8 * 1000 AS day_ends_ms,
            extract(epoch FROM (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')::float8 * 1000 AS month_ends_ms,
            (SELECT count(*) FROM store.chunks f WHERE f.account = c.account AND f.state = 'submitting') AS in_flight,
            EXISTS (SELECT FROM store.chunks w WHERE w.account = c.account AND w.awaiting_payment_since IS NOT NULL) AS awaiting_payment,
            (${openApproval('p.cost_ceiling', 'c.id')}) AS approved_ceiling,
            (SELECT COALESCE(sum(l.amount), 0) FROM store.ledger l WHERE l.job_no = c.job_no AND l.entry = 'reserve'
                AND NOT EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = l.attempt_id AND r.entry = 'release' AND ${stillReleased})) AS job_spent,
            CASE WHEN s.balance_at > clock_timestamp() - interval '${balanceCountsFor_hours} hours' THEN s.balance - (
              SELECT COALESCE(sum(l.amount), 0) FROM store.ledger l WHERE l.account = $2 AND l.entry = 'reserve' AND l.at > s.balance_at
                 AND NOT EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = l.attempt_id AND r.entry = 'release' AND ${stillReleased})) END AS balance_left,
            extract(epoch FROM s.balance_at)::float8 * 1000 AS balance_at_ms,
            m.today AS day_spent, m.this_month AS month_spent, m.one_currency, m.other_currency
       FROM store.chunks c
       JOIN store.jobs j ON j.job_no = c.job_no
       JOIN store.account_states s ON s.account = c.account
       ${countedByCaps(capsSince)}
      WHERE c.id = $1 AND c.account = $2 AND c.state IN ('ready', 'blocked')
        FOR UPDATE OF c SKIP LOCKED`,
    [chosen, account, capPeriod(account)],
  );
  const [{ rows }, share] = await together(loading, readShare(tx, account, chosen));
  const row = rows[0];
  if (!row || !share) return null;
  return {
    chunkId: row.id,
    jobNo: row.job_no,
    jobId: row.job_id,
    jobDay: row.job_day,
    tenantId: row.tenant_id,
    account: row.account,
    checkName: row.check_name,
    fence: row.fence,
    freeTries: row.free_tries,
    numbersInRange: { first: row.first_number, last: row.last_number },
    leftOut: { suppressed: row.suppressed, erased: row.erased },
    isListTheSame: row.is_list_the_same,
    suppressionChecked: row.suppression_checked,
    isPaidAgain: row.approved_ceiling !== null,
    share,
    facts: {
      now_ms: row.now_ms,
      tenant: row.tenant,
      chunk: { state: row.state, reason: row.reason, due_ms: row.due_ms, numbers: row.numbers },
      job: {
        state: row.job_state,
        currency: row.currency,
        maxCost: row.max_cost === null ? null : storedMoney(row.max_cost),
        spent: storedMoney(row.job_spent),
      },
      account: {
        pausedReason: row.paused_reason,
        uploadsInFlight: row.in_flight,
        breaker,
        awaitingPayment: row.awaiting_payment,
        balance:
          row.balance_left === null
            ? null
            : { left: storedMoney(row.balance_left), told_ms: row.balance_at_ms },
        spentToday: storedMoney(row.day_spent),
        dayEnds_ms: row.day_ends_ms,
        spentThisMonth: storedMoney(row.month_spent),
        monthEnds_ms: row.month_ends_ms,
        currencies: [...new Set([row.one_currency, row.other_currency])].filter(
          (each) => each !== null,
        ),
        nextRequest_ms: row.next_request_ms,
      },
      approvedCeiling: row.approved_ceiling === null ? null : storedMoney(row.approved_ceiling),
    },
  };
}

export interface SubmitClaim {
  readonly attemptId: AttemptId;
  readonly fence: number;
  readonly numbersInRange: { readonly first: number; readonly last: number };
}

/**
 * Claims a loaded chunk: fence + 1, an attempt with the outcome `intent`, its money reserved. Once this transaction has
 * committed, and not before, bytes may be sent.
 */
export async function claimSubmit(
  tx: Transaction,
  loaded: LoadedSubmit,
  attempt: {
    readonly id: AttemptId;
    readonly providerOrigin: string;
    readonly pricePerNumber: Money;
    readonly amount: Money;
    readonly currency: string;
    readonly lease_ms: number;
  },
): Promise<SubmitClaim> {
  const attempted = tx.query(
    `INSERT INTO store.attempts (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, numbers, price_per_number, amount, currency, left_out, approval_id)
     SELECT $1, $2, $3, (SELECT COALESCE(max(attempt_no), 0) + 1 FROM store.attempts WHERE chunk_id = $2), $4, $5, $6, $7, $8, $9, $10, $11,
            (${openApproval('p.id', '$2')})`,
    [
      attempt.id,
      loaded.chunkId,
      loaded.tenantId,
      loaded.fence + 1,
      loaded.account,
      attempt.providerOrigin,
      loaded.facts.chunk.numbers,
      formatMoney(attempt.pricePerNumber),
      formatMoney(attempt.amount),
      attempt.currency,
      JSON.stringify(
        Object.fromEntries(Object.entries(loaded.leftOut).filter(([, numbers]) => numbers > 0)),
      ),
    ],
  );
  const reserved = tx.query(
    `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount) VALUES ($1, $2, $3, $4, $5, 'reserve', $6)`,
    [
      attempt.id,
      loaded.tenantId,
      loaded.jobNo,
      loaded.account,
      attempt.currency,
      formatMoney(attempt.amount),
    ],
  );
  const moved = tx.query<{ first_number: number; last_number: number }>(
    `UPDATE store.chunks SET state = 'submitting', fence = fence + 1, attempt_id = $3,
            due_at = clock_timestamp() + $4 * interval '1 millisecond'
      WHERE id = $1 AND state = 'ready' AND fence = $2
  RETURNING first_number, last_number`,
    [loaded.chunkId, loaded.fence, attempt.id, attempt.lease_ms],
  );
  const [, , { rows }] = await together(attempted, reserved, moved);
  const row = rows[0];
  if (!row) throw new Error(`chunk ${loaded.chunkId} moved under its own lock`);
  return {
    attemptId: attempt.id,
    fence: loaded.fence + 1,
    numbersInRange: { first: row.first_number, last: row.last_number },
  };
}

/** Blocks a chunk, or renews its block with another reason or time. */
export async function blockChunk(
  tx: Transaction,
  chunkId: string,
  fence: number,
  reason: BlockedReason,
  due_ms: number | null,
): Promise<boolean> {
  const blocked = await tx.query(
    `UPDATE store.chunks SET state = 'blocked', reason = $3, due_at = to_timestamp($4::float8 / 1000), rung_at = NULL
      WHERE id = $1 AND fence = $2 AND state IN ('ready', 'blocked')`,
    [chunkId, fence, reason, due_ms],
  );
  return blocked.rowCount === 1;
}

export async function unblockChunk(
  tx: Transaction,
  chunkId: string,
  fence: number,
): Promise<boolean> {
  const ready = await tx.query(
    `UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = clock_timestamp(), rung_at = NULL
      WHERE id = $1 AND fence = $2 AND state = 'blocked'`,
    [chunkId, fence],
  );
  return ready.rowCount === 1;
}
