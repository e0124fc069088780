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
import { type Ground, newId } from './ground.ts';
import { archive, publish, startIngest, untilResult } from './walk-chunk.ts';

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
  return db.transaction(async (tx) => {
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
