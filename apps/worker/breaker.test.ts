import { resetBreaker } from '@rollcall/db';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expire } from './sweeps/expire.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** An account's breaker as all workers share it: what it lets through, over restarts, and what closes it. */
let ground: Ground;
const never = new AbortController().signal;
const account = 'ekycpro';
const create = { account, operation: 'create' };

beforeEach(async () => {
  ground = await layGround({ chunkSize: 10, change: (each) => ({ ...each, canary: 'off' }) });
});
afterEach(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

/** Ready chunks of one job that no consumer takes, so that the test says which goes when. */
async function readyChunks(count: number): Promise<readonly string[]> {
  const numbers = Array.from({ length: count * 10 }, (_, index) => 447_914_100_000 + index);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  return (await ground.chunks(jobId)).map((chunk) => String(chunk['id']));
}

const submit = (chunkId: string | undefined) => submitChunk(ground.equipment, chunkId ?? '', never);

async function breaker(): Promise<Record<string, unknown>> {
  const { rows } = await ground.db.query<Record<string, unknown>>(
    `SELECT breaker_state AS state, breaker_why AS why, breaker_openings AS openings,
            extract(epoch FROM breaker_until - breaker_since)::float8 / 60 AS minutes FROM store.account_states WHERE account = $1`,
    [account],
  );
  return rows[0] ?? {};
}

async function stateOf(chunkId: string | undefined): Promise<unknown> {
  const { rows } = await ground.db.query('SELECT state, reason FROM store.chunks WHERE id = $1', [
    chunkId,
  ]);
  return rows[0];
}

/** Lets the time of an open breaker pass, and with it that of what it has stopped. */
async function timePasses(): Promise<void> {
  await ground.db.query(
    `UPDATE store.account_states SET breaker_until = now() - interval '1 second' WHERE account = $1 AND breaker_until IS NOT NULL`,
    [account],
  );
  await ground.db.query("UPDATE store.attempts SET settled_at = now() - interval '1 hour'");
  await lookAgain();
}

async function lookAgain(): Promise<void> {
  await ground.db.query(
    "UPDATE store.chunks SET due_at = now() - interval '1 second' WHERE state IN ('ready', 'blocked')",
  );
}

async function openByUnknowns(ids: readonly string[]): Promise<void> {
  await ground.fault({ match: create, next: 3, action: { kind: 'reset' } });
  for (const id of ids.slice(0, 3)) expect(await submit(id)).toEqual({ held: 1 });
}

describe('three unknown uploads open it', () => {
  test('and nothing is sent until its time is over, whichever process asks', async () => {
    const ids = await readyChunks(5);
    await openByUnknowns(ids);
    expect(await breaker()).toMatchObject({
      state: 'open',
      why: 'unknown_uploads',
      openings: 1,
      minutes: expect.closeTo(10),
    });
    expect(await submit(ids[3])).toEqual({ blocked: 1 });
    expect(await stateOf(ids[4])).toEqual({ state: 'blocked', reason: 'breaker' });
    // What was unknown is old, but nobody has looked since: the time is the breaker's, not theirs.
    await ground.db.query("UPDATE store.attempts SET settled_at = now() - interval '1 hour'");
    await lookAgain();
    expect(await submit(ids[3])).toEqual({ blocked: 1 });
    // One look was enough for both.
    expect(await submit(ids[4])).toEqual({ waiting: 1 });
    expect(await ground.requests(account, 'create')).toBe(3);
  });

  test('after it, one chunk goes over all processes, and its acceptance lets the others go', async () => {
    const ids = await readyChunks(12);
    await openByUnknowns(ids);
    await submit(ids[3]);
    await timePasses();
    await ground.fault({ match: create, action: { kind: 'delay', ms: 500 } });
    const results = await Promise.all(ids.slice(3).map(submit));
    expect(results.filter((each) => each['polling'] === 1)).toHaveLength(1);
    expect(results.every((each) => Object.keys(each).every((key) => key !== 'held'))).toBe(true);
    expect(await ground.requests(account, 'create')).toBe(4);
    expect(await breaker()).toMatchObject({ state: 'closed', openings: 0 });
    const { rows } = await ground.db.query(
      'SELECT state, count(*)::int AS chunks FROM store.chunks WHERE id = ANY($1) GROUP BY 1 ORDER BY 1',
      [ids.slice(3)],
    );
    expect(rows).toEqual([
      { state: 'polling', chunks: 1 },
      { state: 'ready', chunks: 8 },
    ]);
    expect(await Promise.all(ids.slice(3, 6).map(submit))).toContainEqual({ polling: 1 });
  });

  test('an unknown canary opens it for longer, and the others wait for that', async () => {
    const ids = await readyChunks(6);
    await openByUnknowns(ids);
    await submit(ids[3]);
    await timePasses();
    await ground.fault({ match: create, action: { kind: 'reset' } });
    expect(await submit(ids[3])).toEqual({ held: 1 });
    expect(await breaker()).toMatchObject({
      state: 'open',
      why: 'canary_unknown',
      openings: 2,
      minutes: expect.closeTo(20),
    });
    expect(await submit(ids[4])).toEqual({ waiting: 1 });
    expect(await ground.requests(account, 'create')).toBe(4);
  });

  test('a canary that is refused for free, or not sent, leaves it half-open for the next', async () => {
    const ids = await readyChunks(6);
    await openByUnknowns(ids);
    await submit(ids[3]);
    await timePasses();
    await ground.fault({ match: create, action: { kind: 'answer', status: 500 } });
    expect(await submit(ids[3])).toEqual({ ready: 1 });
    expect(await breaker()).toMatchObject({ state: 'half_open', openings: 1 });
    await lookAgain();
    expect(await submit(ids[4])).toEqual({ polling: 1 });
    expect(await breaker()).toMatchObject({ state: 'closed' });
  });

  test('a canary whose worker dies opens it again', async () => {
    const ids = await readyChunks(6);
    await openByUnknowns(ids);
    await submit(ids[3]);
    await timePasses();
    await ground.fault({ match: create, action: { kind: 'delay', ms: 1_500 } });
    const late = submit(ids[3]);
    await expect.poll(async () => ground.requests(account, 'create'), { timeout: 30_000 }).toBe(4);
    await ground.db.query(
      "UPDATE store.chunks SET due_at = now() - interval '1 second' WHERE id = $1",
      [ids[3]],
    );
    expect(await expire(ground.equipment)).toMatchObject({ held: 1 });
    expect(await breaker()).toMatchObject({ state: 'open', why: 'canary_unknown', openings: 2 });
    // Its answer comes late and is used; the breaker has seen a worker die, and stays open.
    expect(await late).toEqual({ polling: 1 });
    expect(await breaker()).toMatchObject({ state: 'open', openings: 2 });
  });

  test('a person closes it at once, and who and why is kept', async () => {
    const ids = await readyChunks(5);
    await openByUnknowns(ids);
    await submit(ids[3]);
    await resetBreaker(ground.db, account, 'ana: support says it is well');
    expect(await breaker()).toMatchObject({ state: 'closed' });
    expect(await stateOf(ids[4])).toEqual({ state: 'ready', reason: null });
    expect(await submit(ids[4])).toEqual({ polling: 1 });
  });
});

/** The bodies of fault 10, each as the provider's own answer to an upload that it took and charged. */
test.each([
  ['cut JSON', { kind: 'cut_body', clean: true }],
  ['HTML', { kind: 'answer', status: 200, text: '<html>ok</html>', charge: true }],
  ['nothing', { kind: 'answer', status: 200, text: '', charge: true }],
  ['success: false', { kind: 'patch', merge: { task_id: null, success: false } }],
  ['no id', { kind: 'patch', merge: { task_id: null } }],
])('one 200 with %s opens it, while polls go on', async (_, action) => {
  const ids = await readyChunks(3);
  expect(await submit(ids[0])).toEqual({ polling: 1 });
  await ground.fault({ match: create, action });
  expect(await submit(ids[1])).toEqual({ held: 1 });
  expect(await breaker()).toMatchObject({ state: 'open', why: 'unreadable_answer' });
  expect(await submit(ids[2])).toEqual({ blocked: 1 });
  expect(await ground.requests(account, 'create')).toBe(2);
  await ground.db.query("UPDATE store.chunks SET due_at = now() WHERE state = 'polling'");
  expect(await pollAccount(ground.equipment, account, never)).toMatchObject({ tasks: 1 });
});
