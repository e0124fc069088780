import { constraintOf, type Database, sqlStateOf, type Transaction } from '../database.ts';
import {
  auditDecision,
  type Decided,
  type Decider,
  keepDecision,
  lockHeld,
  pollAgain,
} from './decide-held.ts';
import { book } from './ledger.ts';
import type { PollClaim } from './poll-tasks.ts';

/**
 * `adopt`: the provider's support has named the task that an upload became. Where the upload is unknown, the task is only asked
 * for at first: its attempt stays unknown and its money reserved until a worker has compared what the provider says of it
 * (`confirmAdoption`). Of an accepted upload the task is known, and no other may take its place.
 */
export async function adoptTask(
  db: Database,
  chunkId: string,
  taskId: string,
  deadline_ms: number,
  by: Decider,
): Promise<Decided> {
  try {
    return await db.transaction('hold.adopt', async (tx) => {
      const held = await lockHeld(tx, chunkId, 'adopt', by);
      if (!held) return { kind: 'not_held' };
      const unknown = held.attempt_outcome === 'unknown';
      const { rows } = await tx.query<{ is_own: boolean; elsewhere: boolean }>(
        `SELECT a.task_id IS NOT DISTINCT FROM $2 AS is_own,
                store.is_task_in_use(a.provider_origin, $2, a.id) AS elsewhere
           FROM store.attempts a WHERE a.id = $1`,
        [held.attempt_id, taskId],
      );
      const [task] = rows;
      if (!task || task.elsewhere || (!unknown && !task.is_own)) return { kind: 'task_in_use' };
      await keepDecision(tx, chunkId, held, 'adopt', by, { taskId });
      await pollAgain(tx, chunkId, deadline_ms, unknown ? taskId : null);
      await auditDecision(tx, chunkId, held, 'adopt', by);
      return { kind: 'decided', state: 'polling' };
    });
  } catch (error) {
    if (sqlStateOf(error) === '23505' && constraintOf(error) === 'one_adoption_per_task')
      return { kind: 'task_in_use' };
    throw error;
  }
}

export type AdoptionConfirmed =
  | { readonly kind: 'confirmed'; readonly claim: PollClaim }
  /** Another attempt has got this task meanwhile. */
  | { readonly kind: 'task_in_use' }
  /** The upload's own answer came after all, or the claim is gone: its own task is polled. */
  | { readonly kind: 'stale' };

/**
 * What the provider says of the task fits the upload: the attempt is accepted with that id and its money committed. The claim comes
 * back without its adoption, to be settled as any other.
 */
export async function confirmAdoption(
  tx: Transaction,
  claim: PollClaim,
): Promise<AdoptionConfirmed> {
  // Above the attempt in the order of locks, and what the provider took for the task may pause it.
  await tx.query(
    'SELECT FROM store.account_states WHERE account = (SELECT account FROM store.attempts WHERE id = $1) FOR NO KEY UPDATE',
    [claim.attemptId],
  );
  await tx.query('SAVEPOINT adoption');
  try {
    const accepted = await tx.query(
      `UPDATE store.attempts a SET outcome = 'accepted', outcome_reason = NULL, task_id = $3 FROM store.chunks c
        WHERE a.id = $1 AND a.outcome = 'unknown' AND c.attempt_id = a.id AND c.fence = $2 AND c.state = 'polling' AND c.adopting_task_id = $3`,
      [claim.attemptId, claim.fence, claim.taskId],
    );
    // The attempt was written beside a chunk that was only read: whether the claim still stood, this one's lock says.
    const adopted = await tx.query(
      `UPDATE store.chunks SET adopting_task_id = NULL WHERE id = $1 AND fence = $2 AND state = 'polling' AND adopting_task_id = $3`,
      [claim.chunkId, claim.fence, claim.taskId],
    );
    if (accepted.rowCount !== 1 || adopted.rowCount !== 1) {
      await tx.query('ROLLBACK TO SAVEPOINT adoption');
      return { kind: 'stale' };
    }
    await tx.query('RELEASE SAVEPOINT adoption');
  } catch (error) {
    if (sqlStateOf(error) !== '23505' || constraintOf(error) !== 'one_attempt_per_task')
      throw error;
    await tx.query('ROLLBACK TO SAVEPOINT adoption');
    return { kind: 'task_in_use' };
  }
  await book(tx, claim.attemptId, 'commit');
  return { kind: 'confirmed', claim: { ...claim, adopting: null } };
}
