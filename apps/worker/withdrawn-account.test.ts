import { syncAccounts } from '@rollcall/db';
import { testBackends } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

let ground: Ground;
/** Of `ekycpro`, as the accounts file would say after a restart. */
const tenants = ['default'];
beforeAll(async () => {
  ground = await layGround({
    chunkSize: 1_000,
    change: (account) => (account.id === 'ekycpro' ? { ...account, tenants } : account),
  });
});
afterAll(() => ground.close());

test('of the chunks of an account only the one that is looked at is blocked: the others may be of those who have it', async () => {
  tenants[0] = 'sales';
  const ready = [];
  for (let jobs = 0; jobs < 2; jobs += 1) {
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    await planJob(ground.equipment, jobId);
    ready.push(jobId);
  }
  const [looked = '', other = ''] = ready;
  const chunkId = String((await ground.chunks(looked))[0]?.['id']);
  const { signal } = new AbortController();
  expect(await submitChunk(ground.equipment, chunkId, signal)).toEqual({ blocked: 1 });
  expect(await ground.chunks(looked)).toMatchObject([
    { state: 'blocked', reason: 'account_withdrawn' },
  ]);
  expect(await ground.chunks(other)).toMatchObject([{ state: 'ready', reason: null }]);
  tenants[0] = 'default';
});

test('an account that was taken from a tenant sends nothing more of it, and goes on when it is given back', async () => {
  await ground.start(testBackends.at(-1) ?? 'postgres');
  await ground.untilState(await ground.enqueue('telegram', ground.fresh(10)), ['completed']);
  tenants[0] = 'sales';
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  const blocked = await ground.untilChunk(jobId, ['blocked']);
  expect(blocked).toMatchObject({ reason: 'account_withdrawn', fence: 0 });
  // It is this tenant's matter: the account itself is well.
  await ground.untilState(await ground.enqueue('twitter', ground.fresh(10)), ['completed']);
  tenants[0] = 'default';
  await syncAccounts(ground.db, [...ground.accounts.accounts.values()]);
  await ground.untilState(jobId, ['completed']);
  await ground.nothingPaidTwice();
});
