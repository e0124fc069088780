import { formatMoney, type Money } from '@rollcall/domain';
import type { Transaction } from '../database.ts';

/** Whether an upload was charged cannot be asked, but the balance may tell it to a person: these are that hint's reads and writes. */

/** A balance that is asked for later says little of one upload. */
const tellingFor_minutes = 10;
const inDoubt = `a.outcome = 'unknown' AND a.balance_after_at IS NULL AND a.settled_at > clock_timestamp() - interval '${tellingFor_minutes} minutes'`;

/**
 * Takes the look at an account's balance after an upload whose outcome is unknown: at most one in `every_ms` for each account, over all
 * processes. Null: none of these accounts has such an upload, or all were looked at just now.
 */
export async function takeDoubtLook(
  tx: Transaction,
  accounts: readonly string[],
  every_ms: number,
): Promise<string | null> {
  const { rows } = await tx.query<{ account: string }>(
    `INSERT INTO store.balance_looks AS l (account, looked_at)
     SELECT s.account, clock_timestamp() FROM store.account_states s
      WHERE s.account = ANY($1)
        AND EXISTS (SELECT FROM store.attempts a JOIN store.chunks c ON c.attempt_id = a.id WHERE a.account = s.account AND c.state = 'held' AND ${inDoubt})
        AND NOT EXISTS (SELECT FROM store.balance_looks o WHERE o.account = s.account AND o.looked_at > clock_timestamp() - $2 * interval '1 millisecond')
      ORDER BY s.account LIMIT 1
     ON CONFLICT (account) DO UPDATE SET looked_at = EXCLUDED.looked_at WHERE l.looked_at <= clock_timestamp() - $2 * interval '1 millisecond'
  RETURNING account`,
    [accounts, every_ms],
  );
  return rows[0]?.account ?? null;
}

/** Keeps what the account's provider said of its balance for each of its unknown uploads that was settled before it was asked. */
export async function keepDoubtBalance(
  tx: Transaction,
  account: string,
  balance: Money,
): Promise<number> {
  const kept = await tx.query(
    `UPDATE store.attempts a SET balance_after = $2, balance_after_at = clock_timestamp() FROM store.balance_looks l
      WHERE l.account = $1 AND a.account = $1 AND a.settled_at < l.looked_at AND ${inDoubt}`,
    [account, formatMoney(balance)],
  );
  return kept.rowCount ?? 0;
}
