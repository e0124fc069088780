import {
  type AttemptId,
  type Breaker,
  type BreakerFacts,
  breakerNow,
  breakerWindow_ms,
  unreadableReasons,
} from '@rollcall/domain';
import type { Database, Queryable, Transaction } from '../database.ts';
import { postponeBlocked, unblockAccount } from './accounts.ts';
import { type Actor, appendAudit, system } from './audit-trail.ts';

/** Each account's breaker: stored, and brought up to date by whoever looks. The policy is `breakerNow` of the domain. */

interface StoredBreaker {
  readonly account: string;
  readonly stored: Breaker;
  readonly facts: BreakerFacts;
  /** Uploads that ended unknown and count against the account now, and when the oldest of them is forgotten. */
  readonly unknowns: number;
  readonly unknownsUntil_ms: number;
}

/**
 * Whole milliseconds, so that what is stored and read again compares equal. An upload counts as what it was: paying for it again makes it no
 * less unknown, and is what an account that loses uploads must not be sped up by. Its acceptance does, and so does a task that was adopted.
 */
const columns = `
  SELECT s.account, s.breaker_state, s.breaker_why, s.breaker_openings, s.breaker_canary,
         round(extract(epoch FROM s.breaker_since) * 1000)::float8 AS since_ms, round(extract(epoch FROM s.breaker_until) * 1000)::float8 AS until_ms,
         extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms, u.unknowns, u.unreadable,
         COALESCE(round(extract(epoch FROM u.first) * 1000), 0)::float8 AS first_ms, COALESCE(round(extract(epoch FROM u.last) * 1000), 0)::float8 AS last_ms,
         c.outcome AS canary_outcome, COALESCE(round(extract(epoch FROM c.settled_at) * 1000), 0)::float8 AS canary_settled_ms
    FROM store.account_states s
    LEFT JOIN store.attempts c ON c.id = s.breaker_canary
   CROSS JOIN LATERAL (
     SELECT count(*) AS unknowns, count(*) FILTER (WHERE a.outcome_reason = ANY($1)) AS unreadable, min(a.settled_at) AS first, max(a.settled_at) AS last
       FROM store.attempts a
      WHERE a.account = s.account AND a.outcome IN ('unknown', 'written_off', 'not_charged') AND a.task_id IS NULL
        AND a.settled_at > greatest(clock_timestamp() - $2 * interval '1 millisecond', s.breaker_reset_at)) u`;

async function read(db: Queryable, account: string | null): Promise<readonly StoredBreaker[]> {
  const { rows } = await db.query(
    `${columns} WHERE $3::text IS NULL OR s.account = $3 ORDER BY s.account`,
    [unreadableReasons, breakerWindow_ms, account],
  );
  return rows.map((row) => ({
    account: row.account,
    stored: breakerOf(row),
    facts: {
      now_ms: row.now_ms,
      unknowns: row.unknowns,
      unreadable: row.unreadable,
      lastUnknown_ms: row.last_ms,
      canary:
        row.canary_outcome === null
          ? null
          : { outcome: row.canary_outcome, settledAt_ms: row.canary_settled_ms },
    },
    unknowns: row.unknowns,
    unknownsUntil_ms: row.unknowns === 0 ? 0 : row.first_ms + breakerWindow_ms,
  }));
}

/** A CHECK holds the columns to the union. */
function breakerOf(row: {
  readonly breaker_state: Breaker['state'];
  readonly since_ms: number;
  readonly until_ms: number;
  readonly breaker_why: Extract<Breaker, { state: 'open' }>['why'];
  readonly breaker_openings: number;
  readonly breaker_canary: AttemptId | null;
}): Breaker {
  const { since_ms, until_ms, breaker_why: why, breaker_openings: openings } = row;
  switch (row.breaker_state) {
    case 'closed':
      return { state: 'closed' };
    case 'limited':
      return { state: 'limited', since_ms, until_ms };
    case 'open':
      return { state: 'open', since_ms, until_ms, why, openings };
    case 'half_open':
      return { state: 'half_open', since_ms, why, openings, canary: row.breaker_canary };
  }
}

export interface BreakerReading {
  readonly account: string;
  readonly breaker: Breaker;
  readonly unknowns: number;
  readonly unknownsUntil_ms: number;
}

/** Every account's breaker as it is now; writes nothing. */
export async function readBreakers(db: Queryable): Promise<readonly BreakerReading[]> {
  return (await read(db, null)).map(({ account, stored, facts, unknowns, unknownsUntil_ms }) => ({
    account,
    breaker: breakerNow(stored, facts),
    unknowns,
    unknownsUntil_ms,
  }));
}

/**
 * Brings an account's breaker up to date and stores it. The caller holds the account's lock. When a canary has closed it, what
 * was unknown before is forgotten, and what it blocked is ready again; when it opened again, that waits as long as it is open.
 */
export async function advanceBreaker(tx: Transaction, account: string): Promise<Breaker> {
  const [found] = await read(tx, account);
  if (!found) return { state: 'closed' };
  const { stored, facts } = found;
  const breaker = breakerNow(stored, facts);
  if (JSON.stringify(breaker) === JSON.stringify(stored)) return breaker;
  await storeBreaker(tx, account, breaker);
  if (breaker.state === 'closed' && stored.state === 'half_open') {
    await tx.query(
      'UPDATE store.account_states SET breaker_reset_at = clock_timestamp(), breaker_reset_note = NULL WHERE account = $1',
      [account],
    );
    await unblockAccount(tx, account, ['breaker']);
  }
  if (breaker.state === 'open') await postponeBlocked(tx, account, 'breaker', breaker.until_ms);
  return breaker;
}

/** Stores which upload is the canary of a half-open breaker. The caller holds the account's lock. */
export async function startCanary(
  tx: Transaction,
  account: string,
  canary: AttemptId,
): Promise<void> {
  const started = await tx.query(
    `UPDATE store.account_states SET breaker_canary = $2 WHERE account = $1 AND breaker_state = 'half_open' AND breaker_canary IS NULL`,
    [account, canary],
  );
  if (started.rowCount !== 1) throw new Error(`the breaker of ${account} moved under its own lock`);
}

/** Closes the breaker, forgets the unknown outcomes so far, and makes ready what it stopped. `note`: who did it, and why. */
export async function resetBreaker(
  db: Database,
  account: string,
  note: string | null = null,
  by: Actor & { readonly why?: string | undefined } = { tenantId: null, actor: system },
): Promise<void> {
  await db.ofInstallation.transaction('accounts.reset_breaker', async (tx) => {
    await storeBreaker(tx, account, { state: 'closed' });
    await tx.query(
      `UPDATE store.account_states
          SET breaker_reset_at = clock_timestamp(), breaker_reset_note = told.note, resumed_at = clock_timestamp(), resumed_note = told.note
         FROM (SELECT left(store.without_numbers($2), 1000) AS note) told
        WHERE account = $1`,
      [account, note],
    );
    await unblockAccount(tx, account, ['breaker']);
    const { why: purpose = null, ...who } = by;
    await appendAudit(tx, { ...who, action: 'account.breaker_reset', subject: account, purpose });
  });
}

async function storeBreaker(tx: Transaction, account: string, breaker: Breaker): Promise<void> {
  await tx.query(
    `UPDATE store.account_states
        SET breaker_state = $2, breaker_since = to_timestamp($3::float8 / 1000), breaker_until = to_timestamp($4::float8 / 1000),
            breaker_why = $5, breaker_openings = $6, breaker_canary = $7
      WHERE account = $1`,
    [
      account,
      breaker.state,
      'since_ms' in breaker ? breaker.since_ms : null,
      'until_ms' in breaker ? breaker.until_ms : null,
      'why' in breaker ? breaker.why : null,
      'openings' in breaker ? breaker.openings : 0,
      'canary' in breaker ? breaker.canary : null,
    ],
  );
}
