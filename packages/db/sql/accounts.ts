import { type Account, type BlockedReason, formatMoney, type Money } from '@rollcall/domain';
import { and, eq, isNotNull, isNull, sql } from '../drizzle.ts';
import type { Database, Transaction } from '../database.ts';
import { accountStates } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';
import { type Actor, appendAudit, system } from './audit-trail.ts';

/** The part of an account that lives in Postgres, so that all processes share it: pauses, pace, breaker, balance. */

/**
 * Makes the accounts of the configuration known. Refused, all problems at once, where an account with open chunks was
 * removed or got another base URL or contract (its tasks could no longer be asked for), or where it no longer offers a check that an
 * open job asks of it.
 */
export async function syncAccounts(
  db: Database,
  accounts: readonly Account[],
): Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }> {
  return db.transaction('accounts.sync', async (tx) => {
    const known = await tx.query<{
      account: string;
      provider_origin: string;
      adapter: string;
      open: boolean;
    }>(
      `SELECT s.account, s.provider_origin, s.adapter,
              EXISTS (SELECT FROM store.chunks c WHERE c.account = s.account AND c.closed_at IS NULL) AS open
         FROM store.account_states s ORDER BY s.account FOR NO KEY UPDATE OF s`,
    );
    const problems: string[] = [];
    for (const row of known.rows) {
      if (!row.open) continue;
      const now = accounts.find((account) => account.id === row.account);
      if (!now) {
        problems.push(
          `account ${row.account} has open chunks and is not in the accounts file: put it back until they are closed`,
        );
      } else if (originOf(now) !== row.provider_origin) {
        problems.push(
          `account ${row.account} has open chunks at ${row.provider_origin} and its base_url now is ${originOf(now)}: change it back until they are closed`,
        );
      } else if (now.adapter !== row.adapter) {
        problems.push(
          `account ${row.account} has open chunks sent by ${row.adapter} and its adapter now is ${now.adapter}: change it back until they are closed`,
        );
      }
    }
    const asked = await tx.query<{ account: string; check_name: string }>(
      'SELECT DISTINCT account, check_name FROM store.jobs WHERE finished_at IS NULL ORDER BY 1, 2',
    );
    for (const { account, check_name } of asked.rows) {
      const now = accounts.find(({ id }) => id === account);
      if (now && !Object.hasOwn(now.checks, check_name)) {
        problems.push(
          `account ${account} has open jobs for ${check_name} and no longer offers it: put the check back until they are closed`,
        );
      }
    }
    if (problems.length > 0) return { ok: false, problems };
    for (const account of accounts) {
      await tx.query(
        `INSERT INTO store.account_states (account, provider_origin, adapter, currency, semantics_confirmed)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account) DO UPDATE SET provider_origin = EXCLUDED.provider_origin, adapter = EXCLUDED.adapter, currency = EXCLUDED.currency,
           semantics_confirmed = account_states.semantics_confirmed OR EXCLUDED.semantics_confirmed`,
        [
          account.id,
          originOf(account),
          account.adapter,
          account.currency,
          account.semanticsConfirmed,
        ],
      );
    }
    // A cap may be higher now, and an account given back to a tenant: whoever waits for that is looked at again.
    await tx.query(
      `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL WHERE state = 'blocked' AND reason IN ('account_cap', 'account_withdrawn') AND account = ANY($1)`,
      [accounts.map(({ id }) => id)],
    );
    return { ok: true };
  });
}

/** Scheme, host and port: within it a provider's task ids are unique. */
export function originOf(account: Account): string {
  return new URL(account.baseUrl).origin;
}

/** An account is no tenant's, so that no erasure reads its notes: what looks like a number is masked as they are written, as in the audit trail. */
const masked = (note: string | null) =>
  note === null ? null : sql`left(store.without_numbers(${note}), 1000)`;

/**
 * Stops an account: nothing more is sent, what was sent is still polled. False when it was paused before: then its reason stays.
 * `note`: who paused it and why, where a person did.
 */
export async function pauseAccount(
  tx: Transaction,
  account: string,
  reason: 'operator' | 'auth' | 'actual_above_price',
  note: string | null = null,
): Promise<boolean> {
  const paused = await smallStatement(tx, (on) =>
    on
      .update(accountStates)
      .set({ pausedReason: reason, pausedAt: sql`now()`, pauseNote: masked(note) })
      .where(and(eq(accountStates.account, account), isNull(accountStates.pausedReason))),
  );
  return paused.rowCount === 1;
}

/**
 * Lets an account send again, and makes ready what only waited for that, or for a cap that may have been raised; what waits for the
 * provider's money is asked about at once. False when it was not paused. `note`: who did it, and why.
 */
export async function resumeAccount(
  db: Database,
  account: string,
  note: string | null = null,
  by: Actor & { readonly why?: string | undefined } = { tenantId: null, actor: system },
): Promise<boolean> {
  return db.ofInstallation.transaction('accounts.resume', async (tx) => {
    const resumed = await smallStatement(tx, (on) =>
      on
        .update(accountStates)
        .set({
          pausedReason: null,
          pausedAt: null,
          pauseNote: null,
          resumedAt: sql`clock_timestamp()`,
          resumedNote: masked(note),
        })
        .where(and(eq(accountStates.account, account), isNotNull(accountStates.pausedReason))),
    );
    await unblockAccount(tx, account, ['account_paused', 'auth', 'account_cap']);
    await tx.query(
      `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL WHERE account = $1 AND state = 'blocked' AND reason = 'provider_balance'`,
      [account],
    );
    if (resumed.rowCount === 1) {
      const { why: purpose = null, ...who } = by;
      await appendAudit(tx, { ...who, action: 'account.resumed', subject: account, purpose });
    }
    return resumed.rowCount === 1;
  });
}

/**
 * Stops whatever an account could still send, in one step: one refusal is enough, and a thousand chunks that each find out for
 * themselves would be a storm. What its breaker had stopped waits for the new reason then: else each canary would find it out.
 */
export async function blockReady(
  tx: Transaction,
  account: string,
  reason: BlockedReason,
  due_ms: number | null,
): Promise<number> {
  const blocked = await tx.query(
    `UPDATE store.chunks SET state = 'blocked', reason = $2, due_at = to_timestamp($3::float8 / 1000), rung_at = NULL
      WHERE account = $1 AND (state = 'ready' OR (state = 'blocked' AND reason = 'breaker'))`,
    [account, reason, due_ms],
  );
  return blocked.rowCount ?? 0;
}

/** What an account's chunks were blocked for is gone: they are ready again. */
export async function unblockAccount(
  tx: Transaction,
  account: string,
  reasons: readonly BlockedReason[],
): Promise<number> {
  const ready = await tx.query(
    `UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = clock_timestamp(), rung_at = NULL
      WHERE account = $1 AND state = 'blocked' AND reason = ANY($2)`,
    [account, reasons],
  );
  return ready.rowCount ?? 0;
}

/**
 * Takes the one look at an account's balance: true for the chunk that is still due, which puts off all the others (and itself, should
 * the look fail) to `later_ms`. Under the account's lock, so that a hundred doorbells make one call.
 */
export async function takeBalanceLook(
  tx: Transaction,
  account: string,
  chunkId: string,
  later_ms: number,
): Promise<boolean> {
  await tx.query('SELECT FROM store.account_states WHERE account = $1 FOR NO KEY UPDATE', [
    account,
  ]);
  const due = await tx.query(
    `SELECT FROM store.chunks WHERE id = $1 AND state = 'blocked' AND reason = 'provider_balance' AND due_at <= clock_timestamp()`,
    [chunkId],
  );
  if (due.rowCount !== 1) return false;
  await postponeBlocked(tx, account, 'provider_balance', later_ms);
  return true;
}

/** Looks again at an account's blocked chunks at a later time. */
export async function postponeBlocked(
  tx: Transaction,
  account: string,
  reason: BlockedReason,
  due_ms: number,
): Promise<void> {
  await tx.query(
    `UPDATE store.chunks SET due_at = to_timestamp($3::float8 / 1000), rung_at = NULL
      WHERE account = $1 AND state = 'blocked' AND reason = $2`,
    [account, reason, due_ms],
  );
}

/**
 * A person has looked at the account's first result file and says that its meaning is what the configuration says; `note`: who, and
 * why. False when it was confirmed before: then the first note stays. What was held for it stays held until it is replayed.
 */
export async function confirmSemantics(
  db: Database,
  account: string,
  note: string | null = null,
  by: Actor & { readonly why?: string | undefined } = { tenantId: null, actor: system },
): Promise<boolean> {
  return db.transaction('accounts.confirm_semantics', async (tx) => {
    const confirmed = await smallStatement(tx, (on) =>
      on
        .update(accountStates)
        .set({
          semanticsConfirmed: true,
          semanticsConfirmedAt: sql`now()`,
          semanticsNote: masked(note),
        })
        .where(
          and(eq(accountStates.account, account), eq(accountStates.semanticsConfirmed, false)),
        ),
    );
    if (confirmed.rowCount !== 1) return false;
    const { why: purpose = null, ...who } = by;
    const action = 'account.semantics_confirmed';
    await appendAudit(tx, { ...who, action, subject: account, purpose });
    return true;
  });
}

export async function recordBalance(
  tx: Transaction,
  account: string,
  balance: Money,
): Promise<void> {
  await smallStatement(tx, (on) =>
    on
      .update(accountStates)
      .set({ balance: formatMoney(balance), balanceAt: sql`clock_timestamp()` })
      .where(eq(accountStates.account, account)),
  );
}

/** The balance is not known any more. */
export async function forgetBalance(tx: Transaction, account: string): Promise<void> {
  await smallStatement(tx, (on) =>
    on
      .update(accountStates)
      .set({ balance: null, balanceAt: null })
      .where(eq(accountStates.account, account)),
  );
}

/**
 * Reserves the account's next request, over all processes: requests start at least 1 / requestsPerSecond apart. Returns how
 * long to wait before sending it, in milliseconds by the server's clock.
 */
export async function reserveRequest(
  tx: Transaction,
  account: string,
  requestsPerSecond: number,
): Promise<number> {
  const { rows } = await tx.query<{ wait_ms: number }>(
    `UPDATE store.account_states
        SET next_request_at = greatest(next_request_at, clock_timestamp()) + interval '1 second' / $2::float8
      WHERE account = $1
  RETURNING extract(epoch FROM next_request_at - interval '1 second' / $2::float8 - clock_timestamp())::float8 * 1000 AS wait_ms`,
    [account, requestsPerSecond],
  );
  return Math.max(0, Math.ceil(rows[0]?.wait_ms ?? 0));
}
