import type { Money } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notSent, refused, retry } from '../testing/answers.ts';
import { account, chunkRow, type Ground, layGround } from '../testing/ground.ts';
import { claim, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { recordBalance, unblockAccount } from './accounts.ts';
import { blockChunk, loadSubmit } from './claim-submit.ts';
import { pauseJob } from './control-job.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

test.each([
  ['an upload that was not sent', notSent, retry],
  ['a free refusal', refused, { kind: 'rejected', reason: 'wrong data' } as const],
])(
  'money that %s gives back wakes what waits under the job’s ceiling, and nothing else',
  async (_, answer, result) => {
    const jobId = await receive(ground, someNumbers(4));
    const other = await receive(ground, someNumbers(1));
    const [sent = '', waits = '', waitsToo = '', canary = ''] = await plan(
      ground,
      jobId,
      Array.from({ length: 4 }, () => ({ size: 1 })),
    );
    const [elsewhere = ''] = await plan(ground, other, [{ size: 1 }]);
    const chunk = await claim(ground, sent);
    for (const id of [waits, waitsToo, elsewhere]) {
      await ground.db.transaction('test', (tx) => blockChunk(tx, id, 0, 'job_ceiling', null));
    }
    await ground.db.transaction('test', (tx) => blockChunk(tx, canary, 0, 'canary', null));
    await settle(ground, chunk, answer, result);
    for (const id of [waits, waitsToo]) {
      expect(await chunkRow(ground, id)).toMatchObject({
        state: 'blocked',
        reason: 'job_ceiling',
        due_at: expect.any(Date) as Date,
        rung_at: null,
      });
    }
    expect(await chunkRow(ground, elsewhere)).toMatchObject({ due_at: null });
    // What was behind the first chunk is stopped with it where that was rejected; it is never woken.
    expect(await chunkRow(ground, canary)).toMatchObject({ state: 'blocked', due_at: null });
  },
);

test('it also wakes one chunk that the account’s cap stopped, of any job that runs: the smallest, since what fits at all fits it', async () => {
  await ground.db.transaction('test', (tx) => unblockAccount(tx, account.id, ['job_ceiling']));
  const jobId = await receive(ground, someNumbers(1));
  const [sent = ''] = await plan(ground, jobId, [{ size: 1 }]);
  const paused = await receive(ground, someNumbers(1));
  const [smaller = ''] = await plan(ground, paused, [{ size: 1 }]);
  await pauseJob(ground.db, 1, paused);
  const other = await receive(ground, someNumbers(5));
  const [big = '', small = ''] = await plan(ground, other, [{ size: 3 }, { size: 2 }]);
  const next_ms = Date.UTC(2050, 0, 1);
  for (const id of [smaller, big, small]) {
    await ground.db.transaction('test', (tx) => blockChunk(tx, id, 0, 'account_cap', next_ms));
  }
  const isWoken = async (id: string) =>
    ((await chunkRow(ground, id))['due_at'] as Date).getTime() < next_ms;
  await settle(ground, await claim(ground, sent), refused, retry);
  expect(await Promise.all([smaller, big, small].map(isWoken))).toEqual([false, false, true]);
});

test('money that comes back is booked under the job’s lock, so that cancelling the job never waits for a chunk in a ring', async () => {
  const jobId = await receive(ground, someNumbers(2));
  const [sent = '', waits = ''] = await plan(ground, jobId, [{ size: 1 }, { size: 1 }]);
  const chunk = await claim(ground, sent);
  await ground.db.transaction('test', (tx) => blockChunk(tx, waits, 0, 'job_ceiling', null));
  for (const result of [retry, { kind: 'rejected', reason: 'wrong data' }] as const) {
    const canceller = await ground.db.pool.connect();
    try {
      await canceller.query('BEGIN');
      await canceller.query('SELECT FROM store.jobs WHERE job_no = $1 FOR NO KEY UPDATE', [
        chunk.jobNo,
      ]);
      const { rows } = await canceller.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const again = result.kind === 'retry' ? chunk : await claim(ground, sent);
      const settling = settle(ground, again, refused, result);
      await waitFor(
        async () =>
          (
            await ground.db.query(
              `SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))`,
              [rows[0]?.pid],
            )
          ).rowCount === 1,
        { describe: 'the answer to wait for the job' },
      );
      // As cancelling does next; what another has touched would be refused here.
      const free = await canceller.query(
        "SELECT FROM store.chunks WHERE job_no = $1 AND state = 'blocked' FOR UPDATE SKIP LOCKED",
        [chunk.jobNo],
      );
      expect(free.rowCount, result.kind).toBe(1);
      await canceller.query('COMMIT');
      expect(await settling).toMatchObject({ kind: 'applied' });
    } finally {
      canceller.release(true);
    }
  }
});

test('a reservation is booked at the time at which it was held against the ceilings, however long its claim waited for the account', async () => {
  const [one = '', two = ''] = await plan(ground, await receive(ground, someNumbers(2)), [
    { size: 1 },
    { size: 1 },
  ]);
  const price = 2_000_000n as Money;
  const asker = await ground.db.pool.connect();
  try {
    await asker.query('BEGIN');
    await asker.query('SELECT FROM store.account_states WHERE account = $1 FOR UPDATE', [
      account.id,
    ]);
    const { rows } = await asker.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const claiming = claim(ground, one);
    await waitFor(
      async () =>
        (
          await ground.db.query(
            'SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
            [rows[0]?.pid],
          )
        ).rowCount === 1,
      { describe: 'the claim to wait for the account' },
    );
    await recordBalance(asker, account.id, price);
    await asker.query('COMMIT');
    await claiming;
  } finally {
    asker.release(true);
  }
  // Had it been booked when its transaction began, it would be older than the balance, and that would be spent twice.
  const seen = await ground.db.transaction('test', (tx) => loadSubmit(tx, two));
  expect(seen?.facts.account.balance?.left).toBe(0n);
});
