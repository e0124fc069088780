import { paceOf, type PollDecision, sizeClassOf } from '@rollcall/domain';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { future_ms, ready } from '../testing/answers.ts';
import { account, chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import { claimPoll, plan, receive, someNumbers, submit } from '../testing/walk-chunk.ts';
import { claimPolls, type PollClaim, serverNow_ms, settlePoll } from './poll-tasks.ts';
import { learnTaskTime, readTaskTimes } from './task-times.ts';

const check = 'telegram';
const minute = 60_000;
let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await ground.db.query('DELETE FROM store.task_times');
});

const times = () => readTaskTimes(ground.db, account.id, [check]);
async function learn(
  duration_ms: number,
  numbers = 1_000,
  known?: Awaited<ReturnType<typeof times>>,
) {
  const ended = { after_ms: duration_ms * 0.99, until_ms: duration_ms * 1.01 };
  const read = known ?? (await times());
  return ground.db.transaction('test', (tx) =>
    learnTaskTime(tx, { account: account.id, check, numbers, ended }, read),
  );
}
const typical_ms = async (numbers = 1_000) => {
  const pace = paceOf((await times()).get(check) ?? [], sizeClassOf(numbers));
  return pace === null ? null : Math.exp(pace.main.mean) * numbers;
};

/** Tasks of ten numbers that wait for a look far ahead, and were accepted so long ago. */
async function waiting(count: number, acceptedAgo_ms: number): Promise<readonly string[]> {
  const jobId = await receive(ground, someNumbers(10 * count));
  const chunks = await plan(
    ground,
    jobId,
    Array.from({ length: count }, () => ({ size: 10 })),
  );
  for (const chunk of chunks) await submit(ground, chunk);
  await ground.db.query(
    `UPDATE store.chunks SET due_at = clock_timestamp() + interval '40 minutes', accepted_at = clock_timestamp() - $2 * interval '1 millisecond' WHERE id = ANY($1)`,
    [chunks, acceptedAgo_ms],
  );
  await ground.db.query(
    `UPDATE store.attempts a SET settled_at = c.accepted_at FROM store.chunks c WHERE c.attempt_id = a.id AND c.id = ANY($1)`,
    [chunks],
  );
  return chunks;
}
const dueIn_ms = async (chunk: string) =>
  Number(
    (
      await row(
        ground,
        'SELECT extract(epoch FROM due_at - clock_timestamp())::float8 * 1000 AS ms FROM store.chunks WHERE id = $1',
        [chunk],
      )
    )['ms'],
  );

test('what was learned is there for every process, and after a restart', async () => {
  expect(await typical_ms()).toBeNull();
  for (let task = 0; task < 5; task += 1) expect(await learn(10 * minute)).toBe(true);
  const restarted = openDatabase({
    url: ground.url,
    maxConnections: 1,
    applicationName: 'rollcall db test',
    onIdleError: () => undefined,
  });
  try {
    const read = await readTaskTimes(restarted, account.id, [check, 'viber']);
    expect([...read.keys()]).toEqual([check]);
    expect(read).toEqual(await times());
    expect(read.get(check)).toMatchObject([{ sizeClass: 9, tasksEver: 5, other: null }]);
    expect((await typical_ms()) ?? 0).toBeCloseTo(10 * minute, -5);
  } finally {
    await restarted.close();
  }
});

test('of two who have read the same one is learned from, and nobody waits for another', async () => {
  await learn(10 * minute);
  const read = await times();
  expect([await learn(10 * minute, 1_000, read), await learn(minute, 1_000, read)]).toEqual([
    true,
    false,
  ]);
  const latest = await times();
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.task_times FOR UPDATE');
    expect(await learn(10 * minute, 1_000, latest)).toBe(false);
  });
  expect(await learn(10 * minute, 1_000, latest)).toBe(true);
});

test('tasks that turn out to be quicker are looked at sooner, but for those that somebody has in hand', async () => {
  for (let task = 0; task < 5; task += 1) await learn(50 * minute, 10);
  const [plain = '', claimed = '', toldToWait = '', unpaid = ''] = await waiting(4, 5 * minute);
  await ground.db.query(`UPDATE store.chunks SET poll_not_before = due_at WHERE id = $1`, [
    claimed,
  ]);
  await ground.db.query(
    `UPDATE store.chunks SET poll_not_before = clock_timestamp() + interval '30 minutes' WHERE id = $1`,
    [toldToWait],
  );
  await ground.db.query(
    'UPDATE store.chunks SET awaiting_payment_since = clock_timestamp() WHERE id = $1',
    [unpaid],
  );
  await learn(10 * minute, 10);
  expect(await dueIn_ms(plain)).toBeLessThan(6 * minute);
  expect(await dueIn_ms(toldToWait)).toBeGreaterThan(29 * minute);
  expect(await dueIn_ms(toldToWait)).toBeLessThan(31 * minute);
  for (const other of [claimed, unpaid]) expect(await dueIn_ms(other)).toBeGreaterThan(39 * minute);
});

test('tasks that turn out to be slower are left to the look that was planned', async () => {
  for (let task = 0; task < 5; task += 1) await learn(50 * minute, 10);
  const [plain = ''] = await waiting(1, 5 * minute);
  await learn(250 * minute, 10);
  expect(await dueIn_ms(plain)).toBeGreaterThan(39 * minute);
});

const wait = async (
  claim: PollClaim,
  more: Partial<Extract<PollDecision, { kind: 'wait' }>> = {},
) => {
  const now_ms = await serverNow_ms(ground.db);
  await ground.db.transaction('test', (tx) =>
    settlePoll(
      tx,
      claim,
      { kind: 'status', status: { ...ready, phase: 'running', locator: null } },
      {
        kind: 'wait',
        due_ms: now_ms - 1,
        notBefore_ms: now_ms - 1,
        deadline_ms: future_ms,
        awaitingPaymentSince_ms: null,
        applied: true,
        upstreamFailures: 0,
        missingPolls: 0,
        ...more,
      },
    ),
  );
};
const dueNow = (chunk: string) =>
  ground.db.query(
    'UPDATE store.chunks SET due_at = clock_timestamp(), poll_not_before = NULL WHERE id = $1',
    [chunk],
  );

test('a claim says how long a task was seen at work, and nobody may look until it is over', async () => {
  const [chunk = ''] = await waiting(1, 5 * minute);
  await dueNow(chunk);
  const first = await claimPoll(ground, chunk);
  expect(first).toMatchObject({ seen_ms: 0, checkName: check, numbers: 10 });
  const { due_at, poll_not_before } = await row(
    ground,
    'SELECT due_at, poll_not_before FROM store.chunks WHERE id = $1',
    [chunk],
  );
  expect(Number(poll_not_before)).toBeGreaterThan(Date.now());
  expect(Math.abs(Number(poll_not_before) - Number(due_at))).toBeLessThan(50);
  await wait(first);
  const second = await claimPoll(ground, chunk);
  expect(second.seen_ms).toBeGreaterThanOrEqual(5 * minute);
  expect(second.seen_ms).toBeLessThan(6 * minute);
});

test('the time of a task that waited for money, or that was named later, tells nothing of others', async () => {
  const [unpaid = '', named = ''] = await waiting(2, 5 * minute);
  await dueNow(unpaid);
  const first = await claimPoll(ground, unpaid);
  await ground.db.transaction('test', (tx) =>
    settlePoll(
      tx,
      first,
      { kind: 'status', status: { ...ready, phase: 'awaiting_payment', locator: null } },
      {
        kind: 'wait',
        due_ms: 0,
        notBefore_ms: 0,
        deadline_ms: future_ms,
        awaitingPaymentSince_ms: null,
        applied: true,
        upstreamFailures: 0,
        missingPolls: 0,
      },
    ),
  );
  expect((await claimPoll(ground, unpaid)).seen_ms).toBeNull();
  await ground.db.query(
    "UPDATE store.attempts a SET settled_at = c.accepted_at - interval '1 hour' FROM store.chunks c WHERE c.attempt_id = a.id AND c.id = $1",
    [named],
  );
  await dueNow(named);
  expect((await claimPoll(ground, named)).seen_ms).toBeNull();
});

test('claims for calls that ask for many lie a tick apart, whoever makes them, and none is lost', async () => {
  const chunks = await waiting(3, minute);
  const [first = '', second = ''] = chunks;
  await ground.db.query('UPDATE store.account_states SET polled_at = NULL');
  await dueNow(first);
  const claimApart = (apart_ms: number) => claimPolls(ground.db, account.id, 200, minute, apart_ms);
  const claims = await Promise.all([claimApart(minute), claimApart(minute), claimApart(minute)]);
  expect(claims.flat().map(({ chunkId }) => chunkId as string)).toEqual([first]);
  await dueNow(second);
  expect(await claimApart(minute)).toEqual([]);
  // Without a turn nothing is touched: it is due still.
  expect(await chunkRow(ground, second)).toMatchObject({
    fence: expect.any(Number) as number,
  });
  expect((await claimApart(0)).map(({ chunkId }) => chunkId as string)).toEqual([second]);
});

test('a claim that finds nothing takes no turn', async () => {
  await ground.db.query('UPDATE store.account_states SET polled_at = NULL');
  expect(await claimPolls(ground.db, 'nobody', 200, minute, minute)).toEqual([]);
  await ground.db.query(
    "UPDATE store.chunks SET due_at = clock_timestamp() + interval '1 hour' WHERE state = 'polling'",
  );
  expect(await claimPolls(ground.db, account.id, 200, minute, minute)).toEqual([]);
  expect(
    await row(ground, 'SELECT polled_at FROM store.account_states WHERE account = $1', [
      account.id,
    ]),
  ).toEqual({ polled_at: null });
});
