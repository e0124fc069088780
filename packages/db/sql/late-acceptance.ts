import type { AttemptId } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { book } from './ledger.ts';

export type LateAcceptance =
  /** The upload had been paid for again: its money went twice. */
  | 'paid_twice'
  /** A person had adopted another task for the upload, whose result its numbers get: one of the two is a mistake. */
  | 'another_task'
  /** A person had given the upload up: it is paid for, and its numbers stay failed. */
  | 'given_up';

/**
 * An acceptance that came after a decision, where it is news to whoever decided. Of an upload that had been paid for again the money is lost
 * then, also where the person had heard that it was not charged: the ledger says so from now on. Null for the attempt's own task, where whoever
 * decided knew it: it is stored again, since the reply to a COMMIT was lost. Given up was a task that the chunk never had: the chunk
 * was not moved when the attempt was accepted.
 */
export async function bookLateAcceptance(
  tx: Transaction,
  attemptId: AttemptId,
  taskId: string,
): Promise<LateAcceptance | null> {
  const { rows } = await tx.query<{ accepted: boolean; own_task: boolean; given_up: boolean }>(
    `SELECT a.outcome = 'accepted' AS accepted, a.task_id IS NOT DISTINCT FROM $2 AS own_task,
            c.attempt_id = a.id AND c.state = 'failed' AND c.accepted_at IS NULL AS given_up
       FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id
      WHERE a.id = $1 AND a.outcome IN ('accepted', 'not_charged', 'written_off')`,
    [attemptId, taskId],
  );
  const [decided] = rows;
  if (!decided) return null;
  if (decided.own_task) return decided.given_up ? 'given_up' : null;
  if (decided.accepted) return 'another_task';
  await book(tx, attemptId, 'write_off');
  return 'paid_twice';
}
