import { resumeAccount } from '@rollcall/db';
import { createProvider, type Provider } from '@rollcall/providers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Equipment } from './equipment.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** A key that the provider takes back in the middle of a run: the account stops, and nothing that was paid for is lost or sent again. */
let ground: Ground;
const never = new AbortController().signal;
const account = 'ekycpro';
const opened: Provider[] = [];

beforeEach(async () => {
  ground = await layGround({ chunkSize: 10, change: (each) => ({ ...each, canary: 'off' }) });
});
afterEach(async () => {
  await ground.nothingPaidTwice();
  await Promise.all(opened.splice(0).map((provider) => provider.close()));
  await ground.close();
});

/** A worker that was restarted with another key. */
function restartedWith(key: string): Equipment {
  const configured = ground.accounts.accounts.get(account);
  if (!configured) throw new Error('the shipped file has changed');
  const provider = createProvider(configured, key, { onRequest: () => undefined });
  opened.push(provider);
  return { ...ground.equipment, providerOf: () => provider };
}

const providerTakes = (key: string) =>
  ground.simulator.control('PATCH', `accounts/${account}`, { key });

/** One chunk accepted, the others ready; then the key is changed at the provider. */
async function inMidRun() {
  const numbers = Array.from({ length: 40 }, (_, index) => 447_914_300_000 + index);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const ids = (await ground.chunks(jobId)).map((chunk) => String(chunk['id']));
  expect(await submitChunk(ground.equipment, ids[0] ?? '', never)).toEqual({ polling: 1 });
  await providerTakes('another-key');
  return { jobId, ids };
}

/** Uploads that reached the provider; it does not know whose a refused key is. */
async function uploads(): Promise<number> {
  const { requests } = (await ground.simulator.control('GET', 'requests')) as {
    requests: { operation: string; count: number }[];
  };
  return requests
    .filter(({ operation }) => operation === 'create')
    .reduce((sum, { count }) => sum + count, 0);
}

const states = async (jobId: string) =>
  (await ground.chunks(jobId)).map((chunk) => chunk['reason'] ?? chunk['state']);

const pausedFor = async () => {
  const sql = 'SELECT paused_reason FROM store.account_states WHERE account = $1';
  return (await ground.db.query<{ paused_reason: string | null }>(sql, [account])).rows[0]
    ?.paused_reason;
};
async function poll(equipment: Equipment) {
  await ground.db.query("UPDATE store.chunks SET due_at = now() WHERE state = 'polling'");
  return pollAccount(equipment, account, never);
}

/** The key is put right: the worker restarted, the account resumed by a person; the rest of the job goes, once. */
async function goesOnWithTheNewKey(jobId: string, ids: readonly string[]) {
  const restarted = restartedWith('another-key');
  // Polls need no resume: what was paid for is asked for as soon as the key is right.
  expect(await poll(restarted)).toMatchObject({ tasks: 1 });
  expect((await ground.chunks(jobId))[0]).toMatchObject({ last_word: expect.any(String) });
  expect(await resumeAccount(ground.db, account)).toBe(true);
  for (const id of ids.slice(1)) {
    expect(await submitChunk(restarted, id, never)).toEqual({ polling: 1 });
  }
  expect(await ground.charges(account)).toBe(4);
  const { rows } = await ground.db.query(
    "SELECT count(*)::int AS paid FROM store.attempts WHERE outcome IN ('accepted', 'unknown')",
  );
  expect(rows).toEqual([{ paid: 4 }]);
}

test('fault 12: a 401 to an upload pauses the account; nothing is sent again, polls resume after the key is changed', async () => {
  const { jobId, ids } = await inMidRun();
  expect(await submitChunk(ground.equipment, ids[1] ?? '', never)).toEqual({ blocked: 1 });
  expect(await pausedFor()).toBe('auth');
  expect(await states(jobId)).toEqual(['polling', 'auth', 'auth', 'auth']);
  await ground.hurry(jobId);
  for (const id of ids.slice(1)) await submitChunk(ground.equipment, id, never);
  expect(await uploads()).toBe(2);
  // The task that was paid for is still asked for, and stays where it is while nobody answers.
  expect(await poll(ground.equipment)).toMatchObject({ tasks: 1, held: 0 });
  expect((await states(jobId))[0]).toBe('polling');
  expect(await ground.charges(account)).toBe(1);
  await goesOnWithTheNewKey(jobId, ids);
});

test('fault 12: a 401 to a poll pauses the account before anything more is sent, and the task is asked for again with the new key', async () => {
  const { jobId, ids } = await inMidRun();
  expect(await poll(ground.equipment)).toMatchObject({ tasks: 1, held: 0 });
  expect(await pausedFor()).toBe('auth');
  expect(ground.logged).toContainEqual(
    expect.objectContaining({ event: 'account.paused', account, reason: 'auth' }),
  );
  for (const id of ids.slice(1)) await submitChunk(ground.equipment, id, never);
  expect(await states(jobId)).toEqual(['polling', 'auth', 'auth', 'auth']);
  expect(await uploads()).toBe(1);
  await goesOnWithTheNewKey(jobId, ids);
});

test('fault 12: resumed with the old key, one upload finds it out for all, and is not lost', async () => {
  const { jobId, ids } = await inMidRun();
  await poll(ground.equipment);
  await resumeAccount(ground.db, account);
  await ground.hurry(jobId);
  for (const id of ids.slice(1)) await submitChunk(ground.equipment, id, never);
  expect(await uploads()).toBe(2);
  expect(await states(jobId)).toEqual(['polling', 'auth', 'auth', 'auth']);
  await goesOnWithTheNewKey(jobId, ids);
});
