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
import { judge, type Look, type QueueLook, type Suspicions } from './watchdog.ts';

const patience_ms = 60_000;
const deaf: QueueLook = {
  queue: 'ingest',
  stage: 'ingest',
  heardAt_ms: 0,
  atWork: 0,
  waiting: 2,
  due: true,
};

/** The verdict after looks every ten seconds for as long, each changed like this. */
function judgedAfter(length_ms: number, change: (now_ms: number) => Partial<Look>) {
  let suspicions: Suspicions = new Map();
  for (let now_ms = 0; now_ms <= length_ms; now_ms += 10_000) {
    const look = { now_ms, reachable: true, sweptAt_ms: now_ms, queues: [], ...change(now_ms) };
    const verdict = judge(look, suspicions, patience_ms);
    if (verdict.kind === 'stuck') return { ...verdict, now_ms };
    ({ suspicions } = verdict);
  }
  return 'alive';
}

describe('a process is stuck', () => {
  test('after it heard nothing for the patience, while its doorbells waited and work was due', () => {
    expect(judgedAfter(600_000, () => ({ queues: [deaf] }))).toMatchObject({
      reason: 'hears_nothing',
      queue: { stage: 'ingest' },
      now_ms: 60_000,
    });
  });

  test('when no sweep of its own ends, though Postgres answers others', () => {
    expect(judgedAfter(600_000, () => ({ sweptAt_ms: 0 }))).toMatchObject({
      reason: 'sweeps_hang',
    });
  });

  test('when it hears again only what it heard long ago, counted from what it heard last', () => {
    const queues = (now_ms: number) => [
      { ...deaf, heardAt_ms: now_ms < 100_000 ? now_ms : 95_000 },
    ];
    expect(judgedAfter(600_000, (now_ms) => ({ queues: queues(now_ms) }))).toMatchObject({
      now_ms: 160_000,
    });
  });
});

describe('a process is alive', () => {
  test.each<[string, (now_ms: number) => Partial<Look>]>([
    ['that is idle', () => ({ queues: [{ ...deaf, waiting: 0, due: false }] })],
    ['whose doorbells are stale: nothing is due', () => ({ queues: [{ ...deaf, due: false }] })],
    ['whose work others take: no doorbell waits', () => ({ queues: [{ ...deaf, waiting: 0 }] })],
    ['that is busy with one doorbell', () => ({ queues: [{ ...deaf, atWork: 1 }] })],
    [
      'that hears one doorbell in 50 s',
      (now_ms) => ({ queues: [{ ...deaf, heardAt_ms: now_ms - (now_ms % 50_000) }] }),
    ],
    ['that can reach nothing', () => ({ reachable: false, sweptAt_ms: 0, queues: [deaf] })],
    [
      'whose server was away once a minute',
      (now_ms) => ({ reachable: now_ms % 60_000 !== 0, queues: [deaf] }),
    ],
  ])('%s', (_, change) => {
    expect(judgedAfter(600_000, change)).toBe('alive');
  });
});

describe('a real worker', () => {
  let ground: Ground;
  let accounts: Readonly<Record<string, string>>;
  const workers: SpawnedWorker[] = [];
  const wires: FaultyWire[] = [];

  beforeAll(async () => {
    ground = await layGround();
    accounts = await accountsEnvironment(ground.simulator);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    await Promise.all(wires.splice(0).map((wire) => wire.close()));
    await ground.simulator.control('DELETE', 'faults');
    await ground.nothingPaidTwice();
  });
  afterAll(async () => {
    await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
    await ground.close();
  });

  function start(
    environment: Readonly<Record<string, string | undefined>>,
    stages: string,
  ): SpawnedWorker {
    const worker = spawnWorker(
      {
        DATABASE_URL: ground.databaseUrl,
        ROLLCALL_WATCHDOG_MS: '4000',
        ROLLCALL_STOP_DEADLINE_MS: '1000',
        ...accounts,
        ...environment,
      },
      { flags: ['--stages', stages] },
    );
    workers.push(worker);
    return worker;
  }
  async function wireTo(url: string): Promise<FaultyWire> {
    const wire = await openFaultyWire(url);
    wires.push(wire);
    return wire;
  }
  const started = (worker: SpawnedWorker) =>
    waitFor(() => worker.said('worker.started'), { timeoutMs: 60_000, describe: 'the worker' });

  test.runIf(testBackends.includes('redis'))(
    'whose consumers hang on dead lines ends with 75 and says why; an idle one beside it stays; a fresh one does the work',
    async () => {
      const wire = await wireTo(testRedisUrl());
      const prefix = { ROLLCALL_QUEUE_PREFIX: queuePrefix() };
      const hanging = start({ REDIS_URL: wire.url, ...prefix }, 'plan,submit,poll');
      const idle = start({ REDIS_URL: testRedisUrl(), ...prefix }, 'ingest');
      await Promise.all([started(hanging), started(idle)]);
      // The first line is the one that rings and answers for the health; the others are the consumers'.
      await waitFor(() => wire.connections().length >= 3, { describe: 'the consumers' });
      for (const line of wire.connections().slice(1)) line.blackHole();

      const jobId = await ground.enqueue('telegram', [447_918_000_001]);
      expect((await hanging.ended()).how).toBe(75);
      expect(hanging.lines()).toContainEqual(
        expect.objectContaining({
          event: 'worker.stuck',
          level: 'error',
          reason: 'hears_nothing',
          stage: 'plan',
        }),
      );
      expect(idle.hasEnded()).toBe(false);
      start({ REDIS_URL: testRedisUrl(), ...prefix }, 'plan,submit,poll');
      await waitFor(
        async () => {
          await ground.hurry(jobId);
          return (await ground.job(jobId))['state'] === 'completed';
        },
        { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
      );
      expect(idle.said('worker.stuck')).toBe(false);
    },
  );

  const onRedis = (): Record<string, string> =>
    testBackends.includes('redis')
      ? { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() }
      : {};

  test('whose sweeps hang although Postgres answers others ends with 75', async () => {
    const hanging = start(onRedis(), 'plan');
    await started(hanging);
    const lock = await ground.db.pool.connect();
    try {
      // What the expire sweep reads, and the watchdog does not.
      await lock.query('BEGIN; LOCK TABLE store.attempts IN ACCESS EXCLUSIVE MODE');
      // Postgres ends who is idle in a transaction for long.
      await lock.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      expect((await hanging.ended()).how).toBe(75);
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
    expect(hanging.lines()).toContainEqual(
      expect.objectContaining({ event: 'worker.stuck', reason: 'sweeps_hang' }),
    );
  });

  test('fault 18: whose lines to Postgres all went dead without a word stores over new ones what was paid for meanwhile, and does not end', async () => {
    const before = await ground.charges('ekycpro');
    const wire = await wireTo(ground.databaseUrl);
    await ground.fault({
      match: { account: 'ekycpro', operation: 'create' },
      // Longer than it takes to see the charge and kill the lines.
      action: { kind: 'delay', ms: 4_000 },
    });
    const jobId = await ground.enqueue('telegram', ground.fresh(40));
    const away = { DATABASE_URL: wire.url, ROLLCALL_WATCHDOG_MS: undefined, ...onRedis() };
    const worker = start(away, 'plan,submit');
    await waitFor(async () => (await ground.charges('ekycpro')) > before, {
      timeoutMs: 240_000,
      describe: 'the upload to be charged',
    });
    for (const line of wire.connections()) line.blackHole();
    const deadAt_ms = performance.now();
    await waitFor(async () => (await ground.chunks(jobId))[0]?.['state'] === 'polling', {
      timeoutMs: 240_000,
      describe: 'the task to be stored',
    });
    console.info(
      `stored ${Math.round(performance.now() - deadAt_ms)} ms after the lines went dead`,
    );
    expect((await ground.chunks(jobId))[0]).toMatchObject({ attempt_outcome: 'accepted' });
    expect(worker.hasEnded()).toBe(false);
    expect((await ground.charges('ekycpro')) - before).toBe(1);
  });
});
