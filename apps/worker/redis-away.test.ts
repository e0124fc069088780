import { unlink } from 'node:fs/promises';
import { connect } from 'node:net';
// oxlint-disable-next-line house/imports -- this test empties, kills, fills and misconfigures its server, which the run's shared one must not suffer
import { type EmbeddedRedis, startRedis } from '@rollcall/embedded';
import { type FaultyWire, openFaultyWire, testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * P3 with a real worker: whatever becomes of Redis, what is due in Postgres is rung again, and nothing is paid twice. The worker
 * rings again after 2 s here and after 10 s by default; a Redis that was away for a minute differs from one that was away for
 * 3 s in nothing but the time, which is not spent in the suite.
 */
const rungAgainMax_ms = 60_000;

describe.runIf(testBackends.includes('redis'))('a worker whose Redis', () => {
  let server: EmbeddedRedis;
  let wire: FaultyWire;
  let ground: Ground;
  let accounts: Readonly<Record<string, string>>;
  const workers: SpawnedWorker[] = [];

  beforeAll(async () => {
    server = await startedRedis();
    wire = await openFaultyWire(server.url);
    ground = await layGround();
    accounts = await accountsEnvironment(ground.simulator, { chunkSize: 20 });
  });
  afterEach(async () => {
    await wire.mend();
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    await ground.simulator.control('DELETE', 'faults');
    await ground.nothingPaidTwice();
  });
  afterAll(async () => {
    await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
    await ground.close();
    await wire.close();
    await server.stop();
  });

  async function startedRedis(inPlaceOf?: string): Promise<EmbeddedRedis> {
    const started = await startRedis(inPlaceOf === undefined ? {} : { inPlaceOf });
    if ('unavailable' in started) throw new Error(started.unavailable);
    return started;
  }
  function start(): SpawnedWorker {
    const worker = spawnWorker({
      DATABASE_URL: ground.databaseUrl,
      REDIS_URL: wire.url,
      ROLLCALL_RESCUE_INTERVAL_MS: '2000',
      ROLLCALL_METRICS_PORT: '0',
      ...accounts,
    });
    workers.push(worker);
    return worker;
  }
  async function readiness(worker: SpawnedWorker): Promise<Record<string, unknown>> {
    const port = worker.lines().find((line) => line['event'] === 'http.listening')?.['port'];
    const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
    return { code: answer.status, ...((await answer.json()) as object) };
  }
  /** What redis-cli would do: inline commands, each answered with OK. */
  async function redis(command: string): Promise<void> {
    const { hostname, port, password } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let answers = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answers += text;
    });
    socket.write(`AUTH ${password}\r\n${command}\r\n`);
    await waitFor(() => answers === '+OK\r\n+OK\r\n', { describe: `${command}, not ${answers}` });
    socket.destroy();
  }

  test.each<[string, () => Promise<void>, () => Promise<void>]>([
    ['is flushed', () => redis('FLUSHALL'), async () => undefined],
    [
      'is killed and back empty after 3 s',
      async () => {
        await wire.cut();
        await server.stop();
      },
      async () => {
        const awayAt_ms = performance.now();
        await waitFor(() => performance.now() - awayAt_ms >= 3_000, { describe: 'three seconds' });
        server = await startedRedis(server.url);
        await wire.mend();
      },
    ],
    ['is full', () => redis('CONFIG SET maxmemory 1'), () => redis('CONFIG SET maxmemory 0')],
    [
      'is connected and silent',
      async () => wire.freeze(),
      async () => {
        await wire.mend();
      },
    ],
  ])(
    'fault 15: %s: due work is rung again, and nothing is paid twice',
    async (what, strike, end) => {
      const before = await ground.charges('ekycpro');
      const worker = start();
      const first = await ground.enqueue('telegram', ground.fresh(100));
      await waitFor(async () => (await ground.charges('ekycpro')) > before, {
        timeoutMs: 60_000,
        describe: 'the first upload',
      });
      await strike();
      // Stored while nothing can be rung: Postgres alone knows of it.
      const second = await ground.enqueue('telegram', ground.fresh(20));
      if (what !== 'is flushed') {
        const said = await waitFor(
          async () => {
            const answer = await readiness(worker);
            return answer['code'] === 503 ? answer : null;
          },
          { timeoutMs: 60_000, everyMs: 200, describe: 'readiness to name the queue' },
        );
        expect(said).toMatchObject({
          postgres: { ok: true },
          queue: { ok: false, backend: 'redis', reason: expect.stringMatching(/redis/i) },
        });
      }
      await end();
      const endedAt_ms = performance.now();
      await waitFor(
        async () => {
          const { rows } = await ground.db.query<{ rung: boolean }>(
            'SELECT planned_at IS NOT NULL AS rung FROM store.jobs WHERE id = $1',
            [second],
          );
          return rows[0]?.rung;
        },
        { timeoutMs: rungAgainMax_ms, describe: 'the second job to be rung and planned' },
      );
      expect(performance.now() - endedAt_ms).toBeLessThan(rungAgainMax_ms);
      for (const jobId of [first, second]) {
        await waitFor(
          async () => {
            await ground.hurry(jobId);
            return (await ground.job(jobId))['state'] === 'completed';
          },
          { timeoutMs: 100_000, everyMs: 500, describe: 'the jobs to be completed' },
        );
      }
      expect(worker.hasEnded()).toBe(false);
      const chunks = (await ground.chunks(first)).length + (await ground.chunks(second)).length;
      expect((await ground.charges('ekycpro')) - before).toBe(chunks);
    },
  );

  test('fault 16: evicts at its start: it refuses to start, and says what to set', async () => {
    await redis('CONFIG SET maxmemory-policy allkeys-lru');
    const worker = start();
    expect((await worker.ended()).how).toBe(1);
    await redis('CONFIG SET maxmemory-policy noeviction');
    expect(worker.complaint()).toMatch(/maxmemory-policy allkeys-lru .*noeviction/s);
    expect(worker.said('worker.started')).toBe(false);
  });

  test('fault 16: begins to evict while it runs: it is said within seconds, and nothing is rung in it until it keeps what it gets', async () => {
    const worker = start();
    await waitFor(() => worker.said('worker.started'), {
      timeoutMs: 60_000,
      describe: 'the worker to start',
    });
    await redis('CONFIG SET maxmemory-policy allkeys-lru');
    await waitFor(() => worker.said('queue.refused'), {
      timeoutMs: 60_000,
      describe: 'the refusal to be logged',
    });
    expect(await readiness(worker)).toMatchObject({
      code: 503,
      queue: { ok: false, reason: expect.stringContaining('allkeys-lru') },
    });
    const jobId = await ground.enqueue('telegram', ground.fresh(20));
    await redis('CONFIG SET maxmemory-policy noeviction');
    await waitFor(
      async () => {
        await ground.hurry(jobId);
        return (await ground.job(jobId))['state'] === 'completed';
      },
      { timeoutMs: 100_000, everyMs: 500, describe: 'the job to be completed' },
    );
  });
});
