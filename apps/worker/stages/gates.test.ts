import {
  cancelJob,
  pauseAccount,
  resetBreaker,
  resumeAccount,
  resumeJob,
  setMaxCost,
} from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import { testBackends } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from '../test-ground.ts';

/** What keeps a chunk from being sent, and what lets it go: ceilings, pauses, the breaker, the canary, cancelling. */
let ground: Ground;
let serial = 0;
/** Numbers that no other test uses, since the ledger counts payments over all of them. */
function fresh(count: number): number[] {
  serial += 1;
  return Array.from({ length: count }, (_, index) => 447_915_000_000 + serial * 10_000 + index);
}

beforeAll(async () => {
  ground = await layGround({
    chunkSize: 1_000,
    change: (account) => ({ ...account, upload_deadline_ms: 1_500 }),
  });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  for (const account of ground.accounts.accounts.keys()) await resetBreaker(ground.db, account);
  await ground.nothingPaidTwice();
});

const create = { account: 'ekycpro', operation: 'create' };

describe('a chunk is not sent', () => {
  test('above the job’s ceiling; raising it lets it go', async () => {
    const jobId = await ground.enqueue('telegram', fresh(10), { maxCost: parseMoney('0.001') });
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'job_ceiling' });
    await setMaxCost(ground.db, 1, jobId, parseMoney('1'));
    await ground.untilState(jobId, ['completed']);
  });

  test('while its account is paused by an operator', async () => {
    await pauseAccount(ground.db, 'ekycpro', 'operator');
    const jobId = await ground.enqueue('telegram', fresh(10));
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'account_paused' });
    await resumeAccount(ground.db, 'ekycpro');
    await ground.untilState(jobId, ['completed']);
  });

  test('after three unknown outcomes in ten minutes; resetting the breaker lets it go', async () => {
    await ground.fault({ match: create, next: 3, action: { kind: 'reset' } });
    for (let index = 0; index < 3; index += 1) {
      await ground.untilChunk(await ground.enqueue('telegram', fresh(10)), ['held']);
    }
    const jobId = await ground.enqueue('telegram', fresh(10));
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'breaker' });
    await resetBreaker(ground.db, 'ekycpro');
    await ground.untilState(jobId, ['completed']);
  });
});

test('a provider that refuses every size does not make a job loop', async () => {
  const text = { error: 'invalid_batch_size', message: 'invalid batch size' };
  await ground.fault({
    match: { account: 'checknumber', operation: 'create' },
    next: 'all',
    action: { kind: 'answer', status: 400, json: text },
  });
  const jobId = await ground.enqueue('twitter', fresh(40));
  await ground.untilState(jobId, ['completed_with_errors'], 30_000);
  expect((await ground.chunks(jobId)).at(-1)).toMatchObject({ state: 'rejected' });
  expect(await ground.job(jobId)).toMatchObject({ failed: 40, cost: '0' });
});

describe('the first chunk of a job goes alone', () => {
  test('while it is held, the rest waits behind it', async () => {
    await ground.fault({ match: create, action: { kind: 'reset' } });
    const jobId = await ground.enqueue('telegram', fresh(2_500));
    await ground.untilChunk(jobId, ['held']);
    expect((await ground.chunks(jobId)).map((chunk) => [chunk['state'], chunk['reason']])).toEqual([
      ['held', 'unknown'],
      ['blocked', 'canary'],
      ['blocked', 'canary'],
      ['blocked', 'canary'],
    ]);
  });

  test('when it is rejected, the rest is blocked, not failed, and a person lets it go', async () => {
    await ground.fault({ match: create, action: { kind: 'answer', status: 400 } });
    const jobId = await ground.enqueue('telegram', fresh(2_500));
    await ground.untilChunk(jobId, ['rejected']);
    expect((await ground.chunks(jobId)).slice(1).map((chunk) => chunk['reason'])).toEqual([
      'canary_rejected',
      'canary_rejected',
      'canary_rejected',
    ]);
    await resumeJob(ground.db, 1, jobId);
    await ground.untilState(jobId, ['completed_with_errors']);
    expect(await ground.job(jobId)).toMatchObject({ failed: 1, pending: 0 });
  });

  test('cancelling a job keeps what is paid and ends the rest as cancelled', async () => {
    await ground.fault({ match: create, action: { kind: 'delay', ms: 700 } });
    const jobId = await ground.enqueue('telegram', fresh(2_500));
    await ground.untilChunk(jobId, ['submitting']);
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({
      kind: 'cancelling',
      cancelledChunks: 3,
    });
    await ground.untilState(jobId, ['cancelled']);
    expect(await ground.job(jobId)).toMatchObject({ cancelled: 2_499, pending: 0 });
    expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'done' });
  });

  test('cancelled while it is on the wire, and refused for free: cancelled, not tried again', async () => {
    await ground.fault({ match: create, action: { kind: 'answer', status: 500, delay_ms: 700 } });
    const jobId = await ground.enqueue('telegram', fresh(10));
    await ground.untilChunk(jobId, ['submitting']);
    await cancelJob(ground.db, 1, jobId);
    await ground.untilState(jobId, ['cancelled']);
    expect(await ground.job(jobId)).toMatchObject({ cancelled: 10, cost: '0' });
  });
});
