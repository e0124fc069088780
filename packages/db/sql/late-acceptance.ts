import type { AttemptId } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { book } from './ledger.ts';

/**
 * An acceptance that came after a decision: true where the upload had been paid for again. Its money is lost then, also where the person
 * had heard that it was not charged: the ledger says so from now on. The attempt's own task is no news: it is stored again, since the
 * reply to a COMMIT was lost, and whoever decided knew it.
 */
export async function bookLateAcceptance(
  tx: Transaction,
  attemptId: AttemptId,
  taskId: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM store.attempts WHERE id = $1 AND outcome IN ('not_charged', 'written_off') AND task_id IS DISTINCT FROM $2`,
    [attemptId, taskId],
  );
  if (rowCount !== 1) return false;
  await book(tx, attemptId, 'write_off');
  return true;
}
