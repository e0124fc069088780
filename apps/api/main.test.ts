import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createApiKey, type Database, openDatabase } from '@rollcall/db';
// oxlint-disable-next-line house/imports -- this test misconfigures its Redis, which the run's shared one must not suffer
import { startRedis } from '@rollcall/embedded';
import {
  createTestDatabase,
  type FaultyWire,
  openFaultyWire,
  queuePrefix,
  testBackends,
  testRedisUrl,
  waitFor,
} from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type RunningApi, runApi, spawnApi } from './testing/run-api.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let authorization: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const db = openDatabase({
    url: database.url,
    maxConnections: 2,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const { key } = await createApiKey(db, { tenantId: 1, name: 'test', scopes: ['admin'] });
  authorization = `Bearer ${key}`;
  await db.close();
});
afterAll(() => database.drop());

const job = {
  check: 'telegram',
  purpose: 'a test',
  requested_by: 'vitest',
  numbers: ['+447911123456'],
};
const post = (url: string) =>
  fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });

test('it says its port, takes a job, prints nothing but log lines without numbers, and stops at SIGTERM', async () => {
  const api = await runApi({ DATABASE_URL: database.url });
  expect((await post(api.url)).status).toBe(202);
  expect(await api.stop('SIGTERM')).toBe(0);
  expect(api.lines().map((line) => line.event)).toEqual([
    'queue.opened',
    'http.listening',
    'api.started',
    'job.received',
    'http.request',
    'api.stopped',
  ]);
  expect(JSON.stringify(api.lines())).not.toMatch(/447911123456|rc_live_/);
});

test('it refuses a Postgres that may forget what it has acknowledged', async () => {
  const url = new URL(database.url);
  // The servers of tests are thrown away, and say so of themselves.
  url.searchParams.set('options', '-c rollcall.trust_storage=off');
  const api = await spawnApi({ DATABASE_URL: url.href });
  expect(await api.ended).toBe(78);
  expect(api.lines()).toMatchObject([
    { event: 'config.refused', error_message: expect.stringContaining('fsync off') },
    { event: 'config.refused', error_message: expect.stringContaining('full_page_writes off') },
  ]);
});

test('it ends with whoever started it', async () => {
  const api = await runApi({ DATABASE_URL: database.url });
  api.endInput();
  expect(await api.ended).toBe(0);
});

test('a configuration that cannot be used is named, all of it, and exits with 78', async () => {
  const api = await spawnApi({ DATABASE_URL: 'mysql://x', ROLLCALL_PORT: 'eighty' });
  expect(await api.ended).toBe(78);
  const problems = api.lines().map((line) => [line.event, line.error_message.split(':')[0]]);
  expect(problems).toEqual([
    ['config.refused', 'DATABASE_URL'],
    ['config.refused', 'ROLLCALL_PORT'],
  ]);
});

test('a crash point that was left set is said aloud; without Postgres it says so and exits with 1', async () => {
  const api = await spawnApi({
    DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
    ROLLCALL_CRASH_AT: 'job.receive:after_commit',
  });
  expect(await api.ended).toBe(1);
  const armed = { event: 'process.armed', level: 'warn', reason: 'job.receive:after_commit' };
  expect(api.lines()[0]).toMatchObject(armed);
  expect(api.lines().at(-1)).toMatchObject({ event: 'process.failed', level: 'error' });
});

describe('with Postgres gone', () => {
  test('fault 18: requests are refused with 503, health tells which is down, and a stop is bounded', async () => {
    const wire = await openFaultyWire(database.url);
    const api = await runApi({ DATABASE_URL: wire.url });
    await wire.cut();
    const answer = await post(api.url);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await answer.json()).toMatchObject({ code: 'database_unavailable' });
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${api.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ status: 'not_ready', postgres: { ok: false } });
    // What Postgres told before is not told again as if it were so now.
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toContain('rollcall_database_read_success 0\n');
    expect(metrics).not.toMatch(/^rollcall_(?:due_rows|account_paused|database_read_seconds)[{ ]/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(api.lines().map((each) => each.event)).toContain('metrics.not_read');
    // What the stop itself ends has the code 0; what is ended at the end of P13's time has not.
    expect(await api.stop('SIGTERM')).toBe(0);
  });

  test('fault 27: a Postgres that hangs in the middle of a request does not hold up a stop', async () => {
    const wire = await openFaultyWire(database.url);
    const api = await runApi({ DATABASE_URL: wire.url, ROLLCALL_STOP_DEADLINE_MS: '10000' });
    expect((await post(api.url)).status).toBe(202);
    wire.freeze();
    const hanging = post(api.url).then(
      (answer) => answer.status,
      () => 'dropped',
    );
    const ready = await fetch(`${api.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await api.stop('SIGINT')).toBe(0);
    expect(await hanging).toBe('dropped');
    await wire.cut();
  });
});

describe.concurrent('with a server away for as long as the faults say', () => {
  /** The statuses of jobs that were sent until then, two seconds apart. */
  async function postUntil(url: string, until_ms: number): Promise<readonly number[]> {
    const statuses = new Set<number>();
    do {
      statuses.add((await post(url)).status);
      await delay(Math.min(2_000, Math.max(0, until_ms - performance.now())));
    } while (performance.now() < until_ms);
    return [...statuses];
  }
  async function backAfter(url: string): Promise<number> {
    const mendedAt_ms = performance.now();
    await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, {
      timeoutMs: busy * resumeMax_ms,
      everyMs: 100,
      describe: 'the api to be ready again',
    });
    return Math.round(performance.now() - mendedAt_ms);
  }
  /** What P6 promises of Postgres, and many times that for a busy machine; what is measured is printed. */
  const resumeMax_ms = 30_000;
  const busy = 5;

  /** Each job that is sent while a server is away is answered with `meanwhile`; the process says that it is not ready, and is again. Returns its exit code at a stop. */
  async function livesThrough(
    api: RunningApi,
    wire: FaultyWire,
    server: string,
    lengths_ms: readonly number[],
    meanwhile: number,
  ): Promise<number | null> {
    for (const away_ms of lengths_ms) {
      const until_ms = performance.now() + away_ms;
      await wire.cut();
      expect(await postUntil(api.url, until_ms)).toEqual([meanwhile]);
      expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
      await wire.mend();
      console.info(
        `api: ${server} away ${away_ms} ms, ready again after ${await backAfter(api.url)} ms`,
      );
      expect((await post(api.url)).status).toBe(202);
    }
    const code = await api.stop('SIGTERM');
    await wire.cut();
    return code;
  }

  test('fault 18: Postgres for 5 s and for 60 s: each job is refused with 503, the process lives, and takes the next once it is back', {
    timeout: 600_000,
  }, async () => {
    const wire = await openFaultyWire(database.url);
    const api = await runApi({ DATABASE_URL: wire.url });
    expect(await livesThrough(api, wire, 'Postgres', [5_000, 60_000], 503)).toBe(0);
  });

  test.runIf(testBackends.includes('redis'))(
    'fault 15: Redis for 3 s and for 60 s: each job is taken with 202 meanwhile, and after',
    { timeout: 600_000 },
    async () => {
      const wire = await openFaultyWire(testRedisUrl());
      const api = await runApi({
        DATABASE_URL: database.url,
        REDIS_URL: wire.url,
        ROLLCALL_QUEUE_PREFIX: queuePrefix(),
      });
      expect(await livesThrough(api, wire, 'Redis', [3_000, 60_000], 202)).toBe(0);
    },
  );
});

describe('with backends of Postgres ended', () => {
  const elsewhere = `datname = current_database() AND pid <> pg_backend_pid()`;
  let operator: Database;
  beforeAll(() => {
    operator = openDatabase({
      url: database.url,
      maxConnections: 2,
      applicationName: 'operator',
      onIdleError: () => undefined,
    });
  });
  afterAll(() => operator.close());

  test('fault 18: all of them while idle: the process lives and takes the next job', async () => {
    const api = await runApi({ DATABASE_URL: database.url });
    expect((await post(api.url)).status).toBe(202);
    const { rows } = await operator.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${elsewhere} AND application_name <> 'operator'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    await waitFor(async () => (await post(api.url)).status === 202, {
      timeoutMs: 60_000,
      describe: 'the next job to be taken',
    });
    expect(await api.stop('SIGTERM')).toBe(0);
  });
});

describe.runIf(testBackends.includes('redis'))('with Redis gone', () => {
  test('fault 15: jobs are taken with 202 all the same, readyz names the queue, and a stop is bounded', async () => {
    const wire = await openFaultyWire(testRedisUrl());
    const api = await runApi({
      DATABASE_URL: database.url,
      REDIS_URL: wire.url,
      ROLLCALL_QUEUE_PREFIX: queuePrefix(),
    });
    await wire.cut();
    expect((await post(api.url)).status).toBe(202);
    const ready = await fetch(`${api.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ postgres: { ok: true }, queue: { ok: false } });
    expect(await api.stop('SIGTERM')).toBe(0);
  });

  test('fault 15: a Redis that hangs costs a second, not the job', async () => {
    const wire = await openFaultyWire(testRedisUrl());
    const api = await runApi({
      DATABASE_URL: database.url,
      REDIS_URL: wire.url,
      ROLLCALL_QUEUE_PREFIX: queuePrefix(),
    });
    wire.freeze();
    expect((await post(api.url)).status).toBe(202);
    // The second's own limit ended the ring, and nothing that takes longer.
    expect(api.lines()).toContainEqual(
      expect.objectContaining({
        event: 'queue.error',
        error_message: 'the queue did not confirm within 1000 ms',
      }),
    );
    expect(await api.stop('SIGTERM')).toBe(0);
    await wire.cut();
  });

  test('fault 16: a Redis that evicts is refused at start, and what to set is said', async () => {
    const redis = await startRedis();
    if ('unavailable' in redis) throw new Error(redis.unavailable);
    onTestFinished(redis.stop);
    const { hostname, port, password } = new URL(redis.url);
    // What redis-cli would send: inline commands, each answered with OK.
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    let answers = '';
    socket.on('data', (text) => (answers += text));
    socket.write(`AUTH ${password}\r\nCONFIG SET maxmemory-policy allkeys-lru\r\n`);
    await waitFor(() => answers === '+OK\r\n+OK\r\n', { describe: 'the policy to be set' });
    socket.destroy();
    const api = await spawnApi({ DATABASE_URL: database.url, REDIS_URL: redis.url });
    expect(await api.ended).toBe(1);
    const last = api.lines().at(-1);
    expect(last).toMatchObject({ event: 'process.failed', level: 'error' });
    expect(last?.error_message).toMatch(/maxmemory-policy .*noeviction/);
  });
});
