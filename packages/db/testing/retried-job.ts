import type { JobId, Money } from '@rollcall/domain';
import {
  countAskedAgain,
  insertRetry,
  type LockedTree,
  lockRetryTree,
  type NewRetry,
  type RetriedOutcome,
  type RetryTree,
} from '../sql/retry-job.ts';
import { giveUp } from '../sql/decide-held.ts';
import { accepted, acceptance, heldUnknown, lost, notSent, retry as sendAgain } from './answers.ts';
import { type Ground, newId } from './ground.ts';
import { person } from './held-chunks.ts';
import {
  archive,
  claim,
  finish,
  plan,
  publish,
  receive,
  settle,
  someNumbers,
  startIngest,
  untilResult,
} from './walk-chunk.ts';

/** Retries of closed jobs, made as the API makes them; and chunks that are answered in part, so that there is something to retry. */

export const bothOutcomes: readonly RetriedOutcome[] = ['failed', 'missing'];

export function treeOf(locked: LockedTree): RetryTree {
  if (locked.kind !== 'locked') throw new Error(`not locked: ${locked.kind}`);
  return locked.tree;
}

/** With an approval that covers it, where it needs one; `changed` says what the test is about. */
export async function makeRetry(
  { db }: Ground,
  jobId: string,
  changed: Partial<NewRetry> = {},
): Promise<JobId> {
  await db.query(
    `INSERT INTO store.api_keys (id, tenant_id, name, digest, scopes) VALUES ('key_1', 1, 'ada', decode(repeat('00', 32), 'hex'), '{}')
     ON CONFLICT DO NOTHING`,
  );
  return db.transaction('test', async (tx) => {
    const tree = treeOf(await lockRetryTree(tx, 1, jobId));
    const include = changed.include ?? bothOutcomes;
    const counted = await countAskedAgain(tx, tree, include);
    const cost = 9_000_000_000n as Money;
    const approval = {
      id: newId.approval(),
      approvedBy: 'key_1 (ada)',
      why: 'half a table came back',
      cost,
      costCeiling: cost,
    };
    const retry: NewRetry = {
      ...counted,
      id: newId.job(),
      include,
      account: 'acme',
      currency: 'USD',
      name: null,
      purpose: null,
      requestedBy: null,
      maxCost: cost,
      createdBy: 'key_1',
      approval: counted.mayBePaid === 0 ? null : approval,
      ...changed,
    };
    await insertRetry(tx, tree, retry);
    return retry.id;
  });
}

/** Answers the numbers at these places of a ready chunk; the others end as missing. */
export async function answerSome(
  ground: Ground,
  chunkId: string,
  places: readonly number[],
): Promise<void> {
  await untilResult(ground, chunkId);
  const claimed = await startIngest(ground, chunkId);
  const { id } = await archive(ground, claimed);
  await publish(ground, claimed, id, (reconciliation, numbers) => {
    for (const place of places) reconciliation.add(numbers[place] ?? 0, 'registered', null);
  });
}

/** Holds a chunk as unknown and gives it up: its numbers fail, and may have been paid for. */
export async function loseAndGiveUp(ground: Ground, chunkId: string): Promise<void> {
  await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
  await giveUp(ground.db, chunkId, person);
}

/** Rejects a chunk: its numbers fail, and were never paid for. */
export async function rejectForFree(ground: Ground, chunkId: string): Promise<void> {
  await settle(ground, await claim(ground, chunkId), notSent, {
    kind: 'rejected',
    reason: 'invalid_parameters',
  });
}

/**
 * A closed job of ten numbers in five chunks: 0 answered and 1 missing, 2 and 3 never paid for, 4 and 5 given up in doubt,
 * 6 and 7 paid for, given up and never answered, 8 and 9 answered.
 */
export async function mixedJob(ground: Ground): Promise<string> {
  const jobId = await receive(ground, someNumbers(10), { name: 'mixed', priority: 5 });
  const [half = '', free = '', doubtful = '', spent = '', whole = ''] = await plan(
    ground,
    jobId,
    Array.from({ length: 5 }, () => ({ size: 2 })),
  );
  await answerSome(ground, half, [0]);
  await settle(ground, await claim(ground, free), notSent, sendAgain);
  await rejectForFree(ground, free);
  await loseAndGiveUp(ground, doubtful);
  const claimed = await claim(ground, spent);
  await settle(ground, claimed, acceptance(`spent-${spent}`), accepted);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'held', reason = 'poll', due_at = NULL WHERE id = $1",
    [spent],
  );
  await giveUp(ground.db, spent, person);
  await finish(ground, whole);
  return jobId;
}
