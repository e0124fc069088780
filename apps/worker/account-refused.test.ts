import { afterEach, beforeEach, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** One refusal of the account is enough for all of its chunks: no storm, and nothing sent that cannot be paid. */
let ground: Ground;
const never = new AbortController().signal;
beforeEach(async () => {
  ground = await layGround({ chunkSize: 10, change: (account) => ({ ...account, canary: 'off' }) });
});
afterEach(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

/** Three ready chunks that no consumer takes, so that the test says which goes first. */
async function threeReady(): Promise<{ readonly jobId: string; readonly ids: readonly string[] }> {
  const numbers = Array.from({ length: 30 }, (_, index) => 447_914_000_000 + index);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  return { jobId, ids: (await ground.chunks(jobId)).map((chunk) => String(chunk['id'])) };
}

test.each([
  [402, 'provider_balance'],
  [401, 'auth'],
])('the first %i blocks every ready chunk of the account', async (status, reason) => {
  await ground.fault({
    match: { account: 'ekycpro', operation: 'create' },
    next: 'all',
    action: { kind: 'answer', status },
  });
  const { jobId, ids } = await threeReady();
  expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ blocked: 1 });
  expect(await ground.chunks(jobId)).toMatchObject([
    { state: 'blocked', reason },
    { state: 'blocked', reason },
    { state: 'blocked', reason },
  ]);
  for (const id of ids) await submitChunk(ground.equipment, id, never);
  expect(await ground.requests('ekycpro', 'create')).toBe(1);
  expect(await ground.charges('ekycpro')).toBe(0);
});

test('a balance that is told and too low is asked for once, and nothing is uploaded; once it suffices, all go on', async () => {
  const balance = (amount: number) =>
    ground.simulator.control('PUT', 'balance', { account: 'ekycpro', balance: amount });
  await balance(0);
  const { jobId, ids } = await threeReady();
  await submitChunk(ground.equipment, ids[0] ?? '', never);
  await ground.hurry(jobId);
  for (const id of ids) await submitChunk(ground.equipment, id, never);
  expect(await ground.requests('ekycpro', 'balance')).toBe(1);
  expect(await ground.requests('ekycpro', 'create')).toBe(1);

  await balance(1_000);
  await ground.hurry(jobId);
  expect(await submitChunk(ground.equipment, ids[1] ?? '', never)).toEqual({ polling: 1 });
  expect((await ground.chunks(jobId)).map((chunk) => chunk['state'])).toEqual([
    'ready',
    'polling',
    'ready',
  ]);
  expect(await ground.requests('ekycpro', 'balance')).toBe(2);
});
