import type { AttemptId } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { book } from './ledger.ts';

export type LateAcceptance =
  /** The upload had been paid for again: its money went twice. */
  | 'paid_twice'
  /** A person had adopted another task for the upload, whose result its numbers get: one of the two is a mistake. */
  | 'another_task';

/**
 * An acceptance that came after a decision, where it is news to whoever decided. Of an upload that had been paid for again the money is lost
 * then, also where the person had heard that it was not charged: the ledger says so from now on. Null for the attempt's own task: it is
 * stored again, since the reply to a COMMIT was lost, and whoever decided knew it.
 */
export async function bookLateAcceptance(
  tx: Transaction,
  attemptId: AttemptId,
  taskId: string,
): Promise<LateAcceptance | null> {
  const { rows } = await tx.query<{ accepted: boolean }>(
    `SELECT outcome = 'accepted' AS accepted FROM store.attempts
      WHERE id = $1 AND outcome IN ('accepted', 'not_charged', 'written_off') AND task_id IS DISTINCT FROM $2`,
    [attemptId, taskId],
  );
  const [decided] = rows;
  if (!decided) return null;
  if (decided.accepted) return 'another_task';
  await book(tx, attemptId, 'write_off');
  return 'paid_twice';
}
