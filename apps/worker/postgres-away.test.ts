import { readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate, openDatabase } from '@rollcall/db';
// oxlint-disable-next-line house/imports -- this test stops its server at once, which the run's shared one must not suffer
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@rollcall/embedded';
import {
  queuePrefix,
  type TestBackend,
  testBackends,
  testRedisUrl,
  waitFor,
} from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * P6 with real workers, one on each queue, each with a database of its own on one Postgres, which is stopped at once (no goodbye
 * to anybody) and whose backends are ended. They live through all of it, with the leases and intervals that are the default.
 */
interface Site {
  readonly backend: TestBackend;
  readonly ground: Ground;
  readonly accounts: Readonly<Record<string, string>>;
  readonly worker: SpawnedWorker;
}

const resumeMax_ms = 30_000;
/** What is measured is printed; a busy machine may need many times what is promised. */
const busy = 5;
const numbers = 200;

let dataDirectory: string;
let server: EmbeddedPostgres;
let sites: readonly Site[] = [];

beforeAll(async () => {
  dataDirectory = join(tmpdir(), 'postgres-away');
  // fsync stays on: what was committed has to be there after a stop without a checkpoint.
  server = await startEmbeddedPostgres({ dataDirectory });
  sites = await Promise.all(testBackends.map(openSite));
});
afterEach(async () => {
  for (const { ground } of sites) {
    await ground.simulator.control('DELETE', 'faults');
    await ground.nothingPaidTwice();
  }
});
afterAll(async () => {
  for (const { accounts, ground, worker } of sites) {
    await worker.kill();
    await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
    await ground.close();
  }
  await server.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

async function openSite(backend: TestBackend): Promise<Site> {
  const url = await createDatabase(`on_${backend}`);
  await migrate(url);
  const ground = await layGround({ chunkSize: 20, database: { url, drop: async () => undefined } });
  const accounts = await accountsEnvironment(ground.simulator, { chunkSize: 20 });
  const queue = { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() };
  const worker = spawnWorker({
    DATABASE_URL: url,
    ROLLCALL_METRICS_PORT: '0',
    ROLLCALL_RESCUE_INTERVAL_MS: undefined,
    ...(backend === 'redis' ? queue : {}),
    ...accounts,
  });
  await worker.up();
  return { backend, ground, accounts, worker };
}

async function createDatabase(name: string): Promise<string> {
  const db = openDatabase({
    url: server.url,
    maxConnections: 1,
    applicationName: 'rollcall worker test',
    onIdleError: () => undefined,
  });
  await db.query(`CREATE DATABASE ${name}`);
  await db.close();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function readiness(worker: SpawnedWorker): Promise<Record<string, unknown>> {
  const port = worker.lines().find((line) => line['event'] === 'http.listening')?.['port'];
  const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
  return { code: answer.status, ...((await answer.json()) as object) };
}

async function saysAway(worker: SpawnedWorker): Promise<boolean> {
  const { code, postgres } = await readiness(worker);
  return code === 503 && JSON.stringify(postgres).includes('Postgres');
}

/** "Immediate": every backend ends where it stands, and the log is replayed at the next start. */
async function stopAtOnce(): Promise<void> {
  const file = await readFile(join(dataDirectory, 'cluster', 'postmaster.pid'), 'utf8');
  process.kill(Number(file.split('\n')[0]), 'SIGQUIT');
  await server.stop();
}

async function startAgain(): Promise<void> {
  const port = Number(new URL(server.url).port);
  server = await startEmbeddedPostgres({ dataDirectory, port });
}

async function rowsOf(ground: Ground, jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query(
    'SELECT count(*)::int AS rows, count(DISTINCT number)::int AS numbers FROM rollcall.results WHERE job_id = $1',
    [jobId],
  );
  return rows[0];
}

/** When the worker first brought a chunk on after this moment, by its own log. */
function progressAfter(worker: SpawnedWorker, after_ms: number): number | undefined {
  const events = /^chunk\.(?:claimed|accepted|result_ready|done|ingested)$|^attempt\.late_answer$/;
  return worker
    .lines()
    .filter((line) => events.test(String(line['event'])))
    .map((line) => Date.parse(String(line['time'])))
    .find((at_ms) => at_ms >= after_ms);
}

test.each([5_000, 60_000])(
  'fault 18: Postgres stopped at once and back after %i ms: no worker ends, each says what is away and resumes, and nothing is doubled',
  { timeout: 600_000 },
  async (away_ms) => {
    const struck = await Promise.all(
      sites.map(async ({ ground, worker, ...site }) => {
        const before = await ground.charges('ekycpro');
        // The first chunk goes alone; the four after it are charged, and their answers come while Postgres is away.
        await ground.fault({
          match: { account: 'ekycpro', operation: 'create' },
          nth: 2,
          next: 4,
          action: { kind: 'delay', ms: Math.min(away_ms - 1_000, 5_000) },
        });
        await waitFor(async () => (await readiness(worker))['code'] === 200, {
          timeoutMs: 60_000,
          describe: 'the worker to be ready',
        });
        const jobId = await ground.enqueue('telegram', ground.fresh(numbers));
        await waitFor(async () => (await ground.charges('ekycpro')) >= before + 5, {
          timeoutMs: 120_000,
          describe: 'four uploads to be under way',
        });
        return { ...site, ground, worker, before, jobId };
      }),
    );
    await stopAtOnce();
    const awayAt_ms = performance.now();
    for (const { worker } of struck) {
      await waitFor(() => saysAway(worker), {
        timeoutMs: 60_000,
        everyMs: 200,
        describe: 'readiness to name Postgres',
      });
    }
    await delay(Math.max(0, away_ms - (performance.now() - awayAt_ms)));
    for (const { worker } of struck) expect(await saysAway(worker)).toBe(true);
    const backAt_ms = Date.now();
    await startAgain();
    const started_ms = Date.now() - backAt_ms;
    await Promise.all(
      struck.map(async ({ backend, ground, worker, before, jobId }) => {
        await waitFor(async () => (await ground.job(jobId))['state'] === 'completed', {
          timeoutMs: busy * resumeMax_ms,
          everyMs: 250,
          describe: `the job on ${backend} to be completed`,
        });
        const resumed_ms = (progressAfter(worker, backAt_ms) ?? Number.NaN) - backAt_ms;
        console.info(
          `${backend}: Postgres away ${away_ms} ms, back after a start of ${started_ms} ms; resumed ${resumed_ms} ms, all done ${Date.now() - backAt_ms} ms after that start began`,
        );
        expect(resumed_ms).toBeLessThan(busy * resumeMax_ms);
        expect(worker.hasEnded()).toBe(false);
        expect(await rowsOf(ground, jobId)).toEqual({ rows: numbers, numbers });
        expect((await ground.charges('ekycpro')) - before).toBe(
          (await ground.chunks(jobId)).length,
        );
      }),
    );
  },
);

describe.each(testBackends)('with the queue on %s', (backend) => {
  test('fault 18: every backend ended while idle: the worker lives and goes on', async () => {
    const { ground, worker } = sites.find((site) => site.backend === backend) as Site;
    // Its sweeps ask twice a second: looked again until one was caught between two questions.
    await waitFor(
      async () => {
        const ended = await ground.db.query<{ pid: number }>(
          `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name <> 'rollcall worker test' AND state = 'idle'`,
        );
        return ended.rows.length > 0;
      },
      { describe: 'an idle backend to end' },
    );
    const jobId = await ground.enqueue('telegram', ground.fresh(20));
    await waitFor(async () => (await ground.job(jobId))['state'] === 'completed', {
      timeoutMs: 100_000,
      everyMs: 250,
      describe: 'the job to be completed',
    });
    expect(worker.hasEnded()).toBe(false);
  });
});

test('fault 18: a backend that is ended in the middle of storing results: the same rows in the end, downloaded once', async () => {
  const { ground } = sites[0] as Site;
  const files = await ground.requests('ekycpro', 'file');
  await ground.db.query(`CREATE FUNCTION public.in_copy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.number % 10 = 7 THEN PERFORM pg_advisory_xact_lock_shared(1818); END IF; RETURN NEW; END $$`);
  const gate = await ground.db.pool.connect();
  await gate.query('SELECT pg_advisory_lock(1818)');
  await ground.db.query(
    'CREATE TRIGGER in_copy BEFORE INSERT ON store.results FOR EACH ROW EXECUTE FUNCTION public.in_copy()',
  );
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  const inCopy = async () => {
    await ground.hurry(jobId);
    const { rows } = await ground.db.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO store.results%'`,
    );
    return rows[0]?.pid;
  };
  const pid = await waitFor(inCopy, {
    timeoutMs: 60_000,
    everyMs: 100,
    describe: 'a store that waits in its middle',
  });
  await ground.db.query('SELECT pg_terminate_backend($1)', [pid]);
  await gate.query('SELECT pg_advisory_unlock(1818)');
  gate.release();
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      return (await ground.job(jobId))['state'] === 'completed';
    },
    { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
  );
  expect(await rowsOf(ground, jobId)).toEqual({ rows: 20, numbers: 20 });
  expect((await ground.requests('ekycpro', 'file')) - files).toBe(1);
});
