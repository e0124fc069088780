import type { Money } from '@rollcall/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost } from '../testing/answers.ts';
import { type Ground, layGround, newId } from '../testing/ground.ts';
import { claim, plan, receive, settle, someNumbers, submit } from '../testing/walk-chunk.ts';
import { type CapPeriod, loadSubmit } from './claim-submit.ts';
import { payAgain } from './decide-held.ts';
import { metricReader } from './read-metrics.ts';

/** What the ceilings are held against, of one account whose uploads cost 0.002 each. */
let ground: Ground;
beforeEach(async () => {
  ground = await layGround();
});
afterEach(() => ground.close());

const price = 2_000_000n as Money;

async function threeReady(): Promise<readonly string[]> {
  return plan(ground, await receive(ground, someNumbers(3)), [
    { size: 1 },
    { size: 1 },
    { size: 1 },
  ]);
}

/** Of the job, the day and the month, as a claim of the chunk sees it. */
async function spent(chunkId: string, capPeriod?: CapPeriod) {
  return ground.db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, chunkId, capPeriod && (() => capPeriod));
    if (loaded === null) throw new Error('the chunk is not ready');
    const { job, account } = loaded.facts;
    return [job.spent, account.spentToday, account.spentThisMonth];
  });
}

async function gauges() {
  const [facts] = (await metricReader(ground.db)()).accounts;
  return [facts?.reserved_today, facts?.reserved_this_month];
}

test('what a person heard was not charged is spent again, once the provider turns out to have taken it', async () => {
  const [doubtful = '', next = ''] = await threeReady();
  const first = await claim(ground, doubtful);
  await settle(ground, first, lost, heldUnknown);
  await payAgain(
    ground.db,
    doubtful,
    { id: newId.approval(), costCeiling: price, liftedTo: 'not_charged' },
    { tenantId: 1, decidedBy: 'ada@example.com', why: 'support has answered' },
  );
  expect(await spent(next)).toEqual([0n, 0n, 0n]);
  expect(await gauges()).toEqual([0, 0]);
  await settle(ground, first, acceptance('taken-after-all'), accepted);
  expect(await spent(next)).toEqual([price, price, price]);
  expect(await gauges()).toEqual([0.002, 0.002]);
});

test('only what a cap is for is summed', async () => {
  const [today = '', before = '', next = ''] = await threeReady();
  await submit(ground, today);
  await submit(ground, before);
  await ground.db.query('ALTER TABLE store.ledger DISABLE TRIGGER USER');
  const { rows } = await ground.db.query<{ is_first: boolean }>(
    `UPDATE store.ledger SET at = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
      WHERE attempt_id = (SELECT attempt_id FROM store.chunks WHERE id = $1)
  RETURNING at = date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS is_first`,
    [before],
  );
  await ground.db.query(
    'DELETE FROM store.account_days; INSERT INTO store.account_days SELECT * FROM store.count_account_days()',
  );
  const both = price * 2n;
  const day = rows[0]?.is_first ? both : price;
  expect(await spent(next, 'month')).toEqual([both, day, both]);
  expect(await spent(next, 'day')).toEqual([both, day, day]);
  expect(await spent(next, 'none')).toEqual([both, 0n, 0n]);
});
