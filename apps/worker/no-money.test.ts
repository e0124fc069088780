import { listJobs, readAttention, readUnpaid } from '@rollcall/db';
import { formatMoney, noMoney, priceOf } from '@rollcall/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** A provider that has no money of ours: nothing is lost, nothing is asked a thousand times, and it goes on by itself. */
let ground: Ground;
const never = new AbortController().signal;
const chunks = 5;

beforeEach(async () => {
  ground = await layGround({ chunkSize: 100, change: (each) => ({ ...each, canary: 'off' }) });
});
afterEach(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

async function readyChunks(check: string, account: string) {
  const numbers = Array.from({ length: chunks * 100 }, (_, index) => 447_914_200_000 + index);
  const jobId = await ground.enqueue(check, numbers, { account });
  await planJob(ground.equipment, jobId);
  return { jobId, ids: (await ground.chunks(jobId)).map((chunk) => String(chunk['id'])) };
}

const states = async (jobId: string) =>
  (await ground.chunks(jobId)).map((chunk) => chunk['reason'] ?? chunk['state']);
const balance = (account: string, amount: number) =>
  ground.simulator.control('PUT', 'balance', { account, balance: amount });

/** Time passes, and every chunk that waits is looked at; often enough to be a storm, were each to ask for itself. */
const balanceTold = async (account: string) => {
  const sql = 'SELECT balance FROM store.account_states WHERE account = $1';
  return (await ground.db.query<{ balance: string | null }>(sql, [account])).rows[0]?.balance;
};

async function looks(jobId: string, ids: readonly string[], times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await ground.hurry(jobId);
    await Promise.all(ids.map((id) => submitChunk(ground.equipment, id, never)));
  }
}

describe.each([
  { adapter: 'tasks-v1', account: 'ekycpro', simulated: 'ekycpro', check: 'telegram' },
  {
    adapter: 'simple-tasks',
    account: 'ekycpro-facebook',
    simulated: 'facebook',
    check: 'facebook',
  },
])('fault 11: a 402 of $adapter', ({ adapter, account, simulated, check }) => {
  test('blocks before there is a task, is asked about once a look, and goes on by itself', async () => {
    await balance(simulated, 0);
    const { jobId, ids } = await readyChunks(check, account);
    expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ blocked: 1 });
    await looks(jobId, ids, 3);
    expect(await states(jobId)).toEqual(Array(chunks).fill('provider_balance'));
    const asked = await ground.requests(simulated, 'create');
    // Where the balance can be asked for, only that is; else one chunk a look is the probe.
    expect(asked).toBe(adapter === 'tasks-v1' ? 1 : 1 + 3);
    expect(await ground.requests(simulated, 'balance')).toBe(adapter === 'tasks-v1' ? 3 : 0);
    expect(await ground.charges(simulated)).toBe(0);
    const { rows } = await ground.db.query(
      "SELECT count(*)::int AS paid FROM store.attempts WHERE outcome NOT IN ('refused_free')",
    );
    expect(rows).toEqual([{ paid: 0 }]);
    // A doorbell before the next look is due asks nobody.
    await Promise.all(ids.map((id) => submitChunk(ground.equipment, id, never)));
    expect(await ground.requests(simulated, 'create')).toBe(asked);
    const [unpaid] = await readUnpaid(ground.db, 1);
    expect(unpaid).toMatchObject({ account, checkName: check, chunks, numbers: chunks * 100 });
    if (adapter === 'tasks-v1') {
      expect(await balanceTold(account)).toBe('0.000000000');
    }

    await balance(simulated, 1_000);
    await looks(jobId, ids, 1);
    await looks(jobId, ids, 2);
    expect((await states(jobId)).filter((state) => state !== 'polling')).toEqual([]);
    expect(await ground.charges(simulated)).toBe(chunks);
    expect(await readUnpaid(ground.db, 1)).toEqual([]);
  });
});

describe('fault 11: a low balance of tasks-v1', () => {
  const account = 'ekycpro';
  /** As a look of an hour ago told it. */
  const toldLongAgo = (amount: number) =>
    ground.db.query(
      "UPDATE store.account_states SET balance = $2, balance_at = now() - interval '1 hour' WHERE account = $1",
      [account, amount],
    );
  const outcomes = async () =>
    (await ground.db.query('SELECT DISTINCT outcome FROM store.attempts')).rows;
  /** What a chunk costs by the accounts file. */
  const price = () => {
    const offer = ground.equipment.accounts.accounts.get(account)?.checks['telegram'];
    return Number(formatMoney(priceOf(offer?.pricePerNumber ?? noMoney, 100)));
  };

  test('is not uploaded into: one balance call a look, and it goes on by itself after a top-up', async () => {
    const low = price() / 2;
    await balance(account, low);
    await toldLongAgo(low);
    const { jobId, ids } = await readyChunks('telegram', account);
    expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ blocked: 1 });
    await looks(jobId, ids, 3);
    expect(await states(jobId)).toEqual(Array(chunks).fill('provider_balance'));
    expect(await ground.requests(account, 'balance')).toBe(3);
    expect(await ground.requests(account, 'create')).toBe(0);
    expect(await outcomes()).toEqual([]);
    // A chunk that comes later waits with the others; its doorbell asks nobody.
    const later = await readyChunks('telegram', account);
    await Promise.all(later.ids.map((id) => submitChunk(ground.equipment, id, never)));
    expect(await states(later.jobId)).toEqual(Array(chunks).fill('provider_balance'));
    expect(await ground.requests(account, 'balance')).toBe(3);

    await balance(account, 1_000);
    await looks(jobId, ids, 3);
    expect(await states(jobId)).toEqual(Array(chunks).fill('polling'));
    expect(await ground.requests(account, 'balance')).toBe(4);
    expect(await ground.requests(account, 'create')).toBe(chunks);
    expect(await outcomes()).toEqual([{ outcome: 'accepted' }]);
  });

  test('is spent to the last upload that it has room for, by what was reserved since it was told', async () => {
    const forTwo = price() * 2.5;
    await balance(account, forTwo);
    await toldLongAgo(forTwo);
    const { jobId, ids } = await readyChunks('telegram', account);
    for (const id of ids) await submitChunk(ground.equipment, id, never);
    await looks(jobId, ids, 2);
    expect(await states(jobId)).toEqual([
      'polling',
      'polling',
      ...Array(chunks - 2).fill('provider_balance'),
    ]);
    expect(await ground.requests(account, 'create')).toBe(2);
    expect(await outcomes()).toEqual([{ outcome: 'accepted' }]);

    await balance(account, 1_000);
    await looks(jobId, ids, 3);
    expect(await states(jobId)).toEqual(Array(chunks).fill('polling'));
    expect(await ground.requests(account, 'create')).toBe(chunks);
  });

  test('that cannot be asked for any more is forgotten, and one probe finds out', async () => {
    await toldLongAgo(0);
    await ground.fault({
      match: { account, operation: 'balance' },
      action: { kind: 'answer', status: 500 },
    });
    const { jobId, ids } = await readyChunks('telegram', account);
    await submitChunk(ground.equipment, ids[0] ?? '', never);
    await looks(jobId, ids, 3);
    expect(await states(jobId)).toEqual(Array(chunks).fill('polling'));
    expect(await ground.requests(account, 'balance')).toBe(1);
    expect(await balanceTold(account)).toBeNull();
  });
});

describe('fault 11: waittopay of webcom', () => {
  test('with a task: it is polled on and never uploaded again, its deadline stands, the others wait, and all go on once it is paid', async () => {
    await balance('webcom', 0);
    const { jobId, ids } = await readyChunks('telegram', 'webcom');
    expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ polling: 1 });
    const poll = async () => {
      await ground.db.query("UPDATE store.chunks SET due_at = now() WHERE state = 'polling'");
      await pollAccount(ground.equipment, 'webcom', never);
    };
    await poll();
    const waiting = (await ground.chunks(jobId))[0];
    expect(waiting).toMatchObject({ state: 'polling', last_word: 'waittopay' });
    expect(waiting?.['awaiting_payment_since']).not.toBeNull();
    // Past its deadline, which does not run.
    await ground.db.query(
      "UPDATE store.chunks SET poll_deadline_at = now() - interval '1 hour' WHERE id = $1",
      [ids[0]],
    );
    // Told of as not paid for, though nothing of it is held or blocked yet.
    expect(await readAttention(ground.db, jobId)).toMatchObject([
      {
        state: 'waiting',
        reason: 'provider_balance',
        chunks: 1,
        numbers: 100,
        money_at_risk: '0',
        unpaid: '0.080000000',
      },
    ]);
    const page = { before: null, limit: 10 };
    const listed = await listJobs(ground.db, 1, page, { attention: true });
    expect(listed.map((job) => job.job_id)).toEqual([jobId]);
    await looks(jobId, ids, 3);
    await poll();
    expect(await states(jobId)).toEqual(['polling', ...Array(chunks - 1).fill('provider_balance')]);
    expect(await ground.requests('webcom', 'create')).toBe(1);
    expect(await ground.charges('webcom')).toBe(0);
    expect(await readUnpaid(ground.db, 1)).toEqual([
      expect.objectContaining({
        account: 'webcom',
        chunks: chunks - 1,
        tasks: 1,
        tasksAmount: '0.080000000',
      }),
    ]);

    await balance('webcom', 1_000);
    await poll();
    await looks(jobId, ids, 3);
    await expect
      .poll(
        async () => {
          await poll();
          await looks(jobId, ids);
          return (await states(jobId)).filter((state) => state === 'result_ready').length;
        },
        { timeout: 60_000 },
      )
      .toBe(chunks);
    expect(await ground.charges('webcom')).toBe(chunks);
    expect(await ground.requests('webcom', 'create')).toBe(chunks);
  });

  test('without a task in the answer: it may have made one, so it is held and never sent again by itself', async () => {
    const { jobId, ids } = await readyChunks('telegram', 'webcom');
    await ground.fault({
      match: { account: 'webcom', operation: 'create' },
      action: { kind: 'patch', merge: { data: { id: null, status: 'waittopay' } } },
    });
    expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ held: 1 });
    await looks(jobId, ids, 2);
    expect((await ground.chunks(jobId))[0]).toMatchObject({
      state: 'held',
      reason: 'unknown',
      held_detail: 'no_task_id',
    });
    // An answer that nobody can read: the breaker lets nothing else go either.
    expect((await states(jobId)).slice(1)).toEqual(Array(chunks - 1).fill('breaker'));
    expect(await ground.requests('webcom', 'create')).toBe(1);
    expect(await ground.charges('webcom')).toBe(1);
  });

  test('402 is not listed as free there: the one upload is held, and the account limited', async () => {
    const { jobId, ids } = await readyChunks('telegram', 'webcom');
    await ground.fault({
      match: { account: 'webcom', operation: 'create' },
      action: { kind: 'answer', status: 402 },
    });
    expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ held: 1 });
    await ground.hurry(jobId);
    expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'held', reason: 'unknown' });
    expect(await ground.requests('webcom', 'create')).toBe(1);
  });
});
