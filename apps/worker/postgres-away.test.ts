import { readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@rollcall/db';
// oxlint-disable-next-line house/imports -- this test stops its server at once, which the run's shared one must not suffer
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@rollcall/embedded';
import { queuePrefix, testBackends, testRedisUrl, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/** Real workers on a Postgres of their own, which is stopped at once (no goodbye to anybody), and whose backends are ended. */
let dataDirectory: string;
let server: EmbeddedPostgres;
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
const workers: SpawnedWorker[] = [];

beforeAll(async () => {
  dataDirectory = join(tmpdir(), 'postgres-away');
  // fsync stays on: what was committed has to be there after a stop without a checkpoint.
  server = await startEmbeddedPostgres({ dataDirectory });
  await migrate(server.url);
  ground = await layGround({
    chunkSize: 20,
    database: { url: server.url, drop: async () => undefined },
  });
  accounts = await accountsEnvironment(ground.simulator, { chunkSize: 20 });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
  await server.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

async function start(environment: Readonly<Record<string, string>>): Promise<SpawnedWorker> {
  const worker = spawnWorker({
    DATABASE_URL: server.url,
    ROLLCALL_METRICS_PORT: '0',
    ...accounts,
    ...environment,
  });
  workers.push(worker);
  await waitFor(() => worker.said('worker.started'), {
    timeoutMs: 60_000,
    describe: 'the worker to start',
  });
  return worker;
}

async function readiness(worker: SpawnedWorker): Promise<Record<string, unknown>> {
  const port = worker.lines().find((line) => line['event'] === 'http.listening')?.['port'];
  const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
  return { code: answer.status, ...((await answer.json()) as object) };
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

async function rowsOf(jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query(
    'SELECT count(*)::int AS rows, count(DISTINCT number)::int AS numbers FROM rollcall.results WHERE job_id = $1',
    [jobId],
  );
  return rows[0];
}

describe.each(testBackends)('with the queue on %s', (backend) => {
  const queue = (): Record<string, string> =>
    backend === 'redis' ? { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() } : {};

  test('fault 18: Postgres stopped at once and back after 5 s: the worker lives, says what is away, resumes, and nothing is doubled', async () => {
    const before = await ground.charges('ekycpro');
    await ground.fault({
      match: { account: 'ekycpro', operation: 'create' },
      next: 'all',
      action: { kind: 'delay', ms: 300 },
    });
    const worker = await start(queue());
    expect(await readiness(worker)).toMatchObject({ code: 200, status: 'ready' });
    const jobId = await ground.enqueue('telegram', ground.fresh(200));
    await waitFor(async () => (await ground.charges('ekycpro')) >= before + 2, {
      timeoutMs: 60_000,
      describe: 'uploads to be under way',
    });
    await stopAtOnce();
    const awayAt_ms = performance.now();
    await waitFor(
      async () => {
        const { code, postgres } = await readiness(worker);
        return code === 503 && JSON.stringify(postgres).includes('Postgres');
      },
      { timeoutMs: 60_000, describe: 'readiness to name Postgres' },
    );
    await waitFor(() => performance.now() - awayAt_ms >= 5_000, { describe: 'five seconds' });
    await startAgain();
    // Due again within seconds, and all of it done well within the 30 s that resuming may take and a busy machine's time.
    await waitFor(
      async () => {
        await ground.hurry(jobId);
        return (await ground.job(jobId))['state'] === 'completed';
      },
      { timeoutMs: 100_000, everyMs: 500, describe: 'the job to be completed' },
    );
    expect(worker.hasEnded()).toBe(false);
    expect(await rowsOf(jobId)).toEqual({ rows: 200, numbers: 200 });
    expect((await ground.charges('ekycpro')) - before).toBe((await ground.chunks(jobId)).length);
  });

  test('fault 18: every backend ended while idle: the worker lives and goes on', async () => {
    const worker = await start(queue());
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
    await waitFor(
      async () => {
        await ground.hurry(jobId);
        return (await ground.job(jobId))['state'] === 'completed';
      },
      { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
    );
    expect(worker.hasEnded()).toBe(false);
  });
});

test('fault 18: a backend that is ended in the middle of the COPY of results: the same rows in the end, downloaded once', async () => {
  const files = await ground.requests('ekycpro', 'file');
  await ground.db.query(`CREATE FUNCTION public.in_copy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.number % 10 = 7 THEN PERFORM pg_advisory_xact_lock_shared(1818); END IF; RETURN NEW; END $$`);
  const gate = await ground.db.pool.connect();
  await gate.query('SELECT pg_advisory_lock(1818)');
  await ground.db.query(
    'CREATE TRIGGER in_copy BEFORE INSERT ON store.results FOR EACH ROW EXECUTE FUNCTION public.in_copy()',
  );
  await start({});
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  const inCopy = async () => {
    await ground.hurry(jobId);
    const { rows } = await ground.db.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%results%'`,
    );
    return rows[0]?.pid;
  };
  const pid = await waitFor(inCopy, {
    timeoutMs: 60_000,
    everyMs: 100,
    describe: 'a COPY that waits in its middle',
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
  expect(await rowsOf(jobId)).toEqual({ rows: 20, numbers: 20 });
  expect((await ground.requests('ekycpro', 'file')) - files).toBe(1);
});
