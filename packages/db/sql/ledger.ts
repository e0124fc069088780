import { formatMoney, parseMoney, type ProviderAmount } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { pauseAccount } from './accounts.ts';

/**
 * In SQL, of a `release` named `r`: its money is still free. The upload of one that a person heard was not charged may turn out to have been
 * taken; it is written off then, and counts against every ceiling again.
 */
export const stillReleased = `NOT EXISTS (SELECT FROM store.ledger w WHERE w.attempt_id = r.attempt_id AND w.entry = 'write_off')`;

/** Books an entry of the whole reserved amount for an attempt; once. */
export async function book(
  tx: Transaction,
  attemptId: string,
  entry: 'commit' | 'release' | 'at_risk' | 'write_off',
): Promise<void> {
  await tx.query(
    `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
     SELECT attempt_id, tenant_id, job_no, account, currency, $2, amount FROM store.ledger WHERE attempt_id = $1 AND entry = 'reserve'
     ON CONFLICT (attempt_id, entry) DO NOTHING`,
    [attemptId, entry],
  );
  if (entry !== 'release') return;
  // Freed money may be what the job's other chunks wait for.
  await tx.query(
    `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL
      WHERE job_no = (SELECT job_no FROM store.ledger WHERE attempt_id = $1 AND entry = 'reserve')
        AND state = 'blocked' AND reason = 'job_ceiling'`,
    [attemptId],
  );
  // Or the account's, of any job of any tenant.
  await tx.query(
    `SELECT store.wake_capped_chunk(account) FROM store.ledger WHERE attempt_id = $1 AND entry = 'reserve'`,
    [attemptId],
  );
}

/**
 * Books what the provider itself says, beside our price. Returns true where it charged more than that: then the account
 * is paused, since every further upload would cost more than its ceiling knows.
 */
export async function bookProviderAmount(
  tx: Transaction,
  attemptId: string,
  entry: 'provider_estimated' | 'provider_actual',
  said: ProviderAmount | null,
): Promise<boolean> {
  const amount = said === null ? null : parseMoney(said.amount);
  if (said === null || amount === null || amount < 0n) return false;
  const booked = await tx.query<{ above: boolean; account: string }>(
    `WITH reserved AS (SELECT * FROM store.ledger WHERE attempt_id = $1 AND entry = 'reserve'),
     booked AS (
       INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
       SELECT attempt_id, tenant_id, job_no, account, currency, $2, $3::numeric FROM reserved
        WHERE $4::text IS NULL OR currency = upper($4)
       ON CONFLICT (attempt_id, entry) DO NOTHING RETURNING amount)
     SELECT b.amount > r.amount AS above, r.account FROM booked b CROSS JOIN reserved r`,
    [attemptId, entry, formatMoney(amount), said.currency],
  );
  const row = booked.rows[0];
  if (!row?.above || entry !== 'provider_actual') return false;
  await pauseAccount(tx, row.account, 'actual_above_price');
  return true;
}
