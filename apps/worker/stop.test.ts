import { unlink } from 'node:fs/promises';
import {
  type FaultyWire,
  openFaultyWire,
  queuePrefix,
  testBackends,
  testRedisUrl,
  waitFor,
} from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * SIGTERM to a real worker in the middle of something: it ends within its deadline and a few seconds (P13: 30 s, with the default
 * of 25), and what it leaves is whole: stored, or another's to take, or held where money is in doubt.
 */
const stopDeadline_ms = 4_000;
/** What `main.ts` gives a stop beyond its deadline, and many times that for a busy machine. */
const afterDeadline_ms = 4_500 + 60_000;
/** Room for what is in hand to end by itself, however busy the machine: no test waits for it. */
const withTime = { ROLLCALL_STOP_DEADLINE_MS: '40000' };
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
const workers: SpawnedWorker[] = [];
const wires: FaultyWire[] = [];

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator);
});
afterEach(async () => {
  await Promise.all(wires.splice(0).map((wire) => wire.close()));
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

function start(environment: Readonly<Record<string, string>> = {}): SpawnedWorker {
  const worker = spawnWorker({
    DATABASE_URL: ground.databaseUrl,
    ROLLCALL_STOP_DEADLINE_MS: String(stopDeadline_ms),
    ...accounts,
    ...environment,
  });
  workers.push(worker);
  return worker;
}

async function wireTo(url: string): Promise<FaultyWire> {
  const wire = await openFaultyWire(url);
  wires.push(wire);
  return wire;
}

const ekycpro = (operation: string) => ({ account: 'ekycpro', operation });
const slow = (operation: string, ms: number) =>
  ground.fault({ match: ekycpro(operation), action: { kind: 'delay', ms } });

/** 0 where it ended in order, 1 where something in hand was cut short. */
async function stopped(worker: SpawnedWorker): Promise<number | string> {
  worker.process.kill('SIGTERM');
  const { how, took_ms } = await worker.ended();
  expect(took_ms).toBeLessThan(stopDeadline_ms + afterDeadline_ms);
  return how;
}

/** Lets the leases of who is gone run out. */
async function endLeases(jobId: string): Promise<void> {
  await ground.db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp() FROM store.jobs j
      WHERE j.job_no = c.job_no AND j.id = $1 AND c.state IN ('submitting', 'ingesting')`,
    [jobId],
  );
}

/** Starts another worker, and lets time pass quickly until the job is completed. */
async function finishedByAnother(jobId: string): Promise<Record<string, unknown>> {
  await endLeases(jobId);
  start();
  return waitFor(
    async () => {
      await ground.hurry(jobId);
      const job = await ground.job(jobId);
      return job['state'] === 'completed' ? job : null;
    },
    { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
  );
}

/** The queue of a test: Redis where the run has one, over a wire of its own. */
async function overRedis() {
  const wire = await wireTo(testRedisUrl());
  return { wire, environment: { REDIS_URL: wire.url, ROLLCALL_QUEUE_PREFIX: queuePrefix() } };
}

test('fault 27: in a submit it waits for the answer, stores the task, and ends with 0', async () => {
  const before = await ground.charges('ekycpro');
  await slow('create', 3_000);
  const jobId = await ground.enqueue('telegram', ground.fresh(40));
  const worker = start(withTime);
  await waitFor(async () => (await ground.charges('ekycpro')) > before, {
    timeoutMs: 60_000,
    describe: 'the upload to be charged',
  });
  expect(await stopped(worker)).toBe(0);
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'polling',
    attempt_outcome: 'accepted',
  });
  await finishedByAnother(jobId);
  expect((await ground.charges('ekycpro')) - before).toBe(1);
});

test('fault 27: in a submit whose answer never comes the chunk is held, never sent again', async () => {
  const before = await ground.charges('ekycpro');
  await ground.fault({ match: ekycpro('create'), action: { kind: 'never_answer' } });
  const jobId = await ground.enqueue('telegram', ground.fresh(40));
  const worker = start();
  await waitFor(async () => (await ground.charges('ekycpro')) > before, {
    timeoutMs: 60_000,
    describe: 'the upload to be charged',
  });
  expect(await stopped(worker)).toBe(1);
  const other = await ground.enqueue('coinw', ground.fresh(10));
  await endLeases(jobId);
  start();
  const chunk = await ground.untilChunk(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'unknown', attempt_outcome: 'unknown' });
  await ground.untilState(other, ['completed']);
  expect((await ground.charges('ekycpro')) - before).toBe(2);
});

test('fault 27: in a poll it ends with 0, and another asks again', async () => {
  const jobId = await ground.enqueue('telegram', ground.fresh(40));
  const asked = await ground.requests('ekycpro', 'status');
  await slow('status', 4_000);
  const worker = start(withTime);
  await waitFor(async () => (await ground.requests('ekycpro', 'status')) > asked, {
    timeoutMs: 60_000,
    describe: 'the task to be asked for',
  });
  expect(await stopped(worker)).toBe(0);
  expect((await ground.chunks(jobId))[0]).toMatchObject({ attempt_outcome: 'accepted' });
  await finishedByAnother(jobId);
});

test('fault 27: in a download that does not end it lets go of the result, whole or not at all, and another takes it', async () => {
  await ground.fault({
    match: ekycpro('file'),
    action: { kind: 'slow_body', bytes_per_second: 5 },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(400));
  const worker = start();
  await ground.untilChunk(jobId, ['ingesting']);
  expect(await stopped(worker)).toBe(1);
  const { rows } = await ground.db.query(
    'SELECT count(*)::int AS rows FROM rollcall.results WHERE job_id = $1 AND outcome IS NOT NULL',
    [jobId],
  );
  expect(rows).toEqual([{ rows: 0 }]);
  await ground.simulator.control('DELETE', 'faults');
  expect(await finishedByAnother(jobId)).toMatchObject({ answered: 400 });
});

describe.each(['cut', 'freeze'] as const)('fault 27: with a server away (%s)', (fault) => {
  test.runIf(testBackends.includes('redis'))(
    'Redis: what is in hand is stored, and it ends with 0',
    async () => {
      const before = await ground.charges('ekycpro');
      const { wire, environment } = await overRedis();
      await slow('create', 2_000);
      const jobId = await ground.enqueue('telegram', ground.fresh(40));
      const worker = start({ ...environment, ...withTime });
      await waitFor(async () => (await ground.charges('ekycpro')) > before, {
        timeoutMs: 60_000,
        describe: 'the upload to be charged',
      });
      await wire[fault]();
      expect(await stopped(worker)).toBe(0);
      expect((await ground.chunks(jobId))[0]).toMatchObject({
        state: 'polling',
        attempt_outcome: 'accepted',
      });
    },
  );

  test('Postgres: it ends all the same; the upload is held, its answer said in the log', async () => {
    const before = await ground.charges('ekycpro');
    const wire = await wireTo(ground.databaseUrl);
    await slow('create', 1_000);
    const jobId = await ground.enqueue('telegram', ground.fresh(40));
    const worker = start({ DATABASE_URL: wire.url });
    await waitFor(async () => (await ground.charges('ekycpro')) > before, {
      timeoutMs: 60_000,
      describe: 'the upload to be charged',
    });
    await wire[fault]();
    expect(await stopped(worker)).toBe(1);
    const { rows } = await ground.db.query<{ attempt_id: string }>(
      `SELECT c.attempt_id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1`,
      [jobId],
    );
    // By this line a person adopts the task.
    expect(worker.lines()).toContainEqual(
      expect.objectContaining({
        event: 'attempt.answer_lost',
        level: 'error',
        attempt: rows[0]?.attempt_id,
        task: expect.stringMatching(/./),
      }),
    );
    await endLeases(jobId);
    start();
    const chunk = await ground.untilChunk(jobId, ['held']);
    expect(chunk).toMatchObject({ reason: 'unknown', held_detail: 'worker_died' });
    expect((await ground.charges('ekycpro')) - before).toBe(1);
    await ground.db.query(
      "UPDATE store.account_states SET breaker_reset_at = now() WHERE account = 'ekycpro'",
    );
  });
});
