import { unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
// oxlint-disable-next-line house/imports -- this test empties, kills, fills and misconfigures its server, which the run's shared one must not suffer
import { type EmbeddedRedis, startRedis } from '@rollcall/embedded';
import { type FaultyWire, openFaultyWire, testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * P3 with a real worker, which rings as often as is the default: whatever becomes of Redis, what is due in Postgres is rung again,
 * and nothing is paid twice. One worker lives through all that Redis may get over.
 */
const rungAgainMax_ms = 60_000;
/** What is measured is printed; a busy machine may need many times what is promised. */
const busy = 5;

describe.runIf(testBackends.includes('redis'))('a worker whose Redis', () => {
  let server: EmbeddedRedis;
  let wire: FaultyWire;
  let ground: Ground;
  let accounts: Readonly<Record<string, string>>;
  const workers: SpawnedWorker[] = [];
  let lasting: SpawnedWorker | undefined;

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
    await lasting?.kill();
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
  const spawned = () =>
    spawnWorker({
      DATABASE_URL: ground.databaseUrl,
      REDIS_URL: wire.url,
      ROLLCALL_RESCUE_INTERVAL_MS: undefined,
      ROLLCALL_METRICS_PORT: '0',
      ...accounts,
    });
  function start(): SpawnedWorker {
    const worker = spawned();
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

  type Case = [string, () => Promise<void>, () => Promise<void>];
  const away = (away_ms: number): Case => {
    let awayAt_ms = 0;
    return [
      `is killed and back empty after ${away_ms} ms`,
      async () => {
        await wire.cut();
        await server.stop();
        awayAt_ms = performance.now();
      },
      async () => {
        await delay(Math.max(0, away_ms - (performance.now() - awayAt_ms)));
        server = await startedRedis(server.url);
        await wire.mend();
      },
    ];
  };

  test.each<Case>([
    ['is flushed', () => redis('FLUSHALL'), async () => undefined],
    away(3_000),
    away(60_000),
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
    { timeout: 600_000 },
    async (what, strike, end) => {
      const before = await ground.charges('ekycpro');
      lasting ??= spawned();
      const worker = lasting;
      await worker.up();
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
      const endedAt_ms = Date.now();
      const plannedAt_ms = await waitFor(
        async () => {
          const { rows } = await ground.db.query<{ planned_at: Date | null }>(
            'SELECT planned_at FROM store.jobs WHERE id = $1',
            [second],
          );
          return rows[0]?.planned_at?.getTime();
        },
        { timeoutMs: busy * rungAgainMax_ms, describe: 'the second job to be rung and planned' },
      );
      for (const jobId of [first, second]) {
        await waitFor(async () => (await ground.job(jobId))['state'] === 'completed', {
          timeoutMs: busy * rungAgainMax_ms,
          everyMs: 250,
          describe: 'the jobs to be completed',
        });
      }
      console.info(
        `a Redis that ${what}: rung ${plannedAt_ms - endedAt_ms} ms after its end, all done after ${Date.now() - endedAt_ms} ms`,
      );
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
