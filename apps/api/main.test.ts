import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '@rollcall/db';
import {
  type FaultyWire,
  openFaultyWire,
  queuePrefix,
  testBackends,
  testRedisUrl,
  waitFor,
} from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type KeyedDatabase, openKeyedDatabase, postJob } from './testing/keyed-database.ts';
import { type RunningApi, runApi, spawnApi } from './testing/run-api.ts';

let ground: KeyedDatabase;
beforeAll(async () => {
  ground = await openKeyedDatabase();
});
afterAll(() => ground.close());

const post = (url: string) => postJob(url, ground.authorization);

test('it says its port, takes a job, prints nothing but log lines without numbers, and stops at SIGTERM', async () => {
  const api = await runApi({ DATABASE_URL: ground.databaseUrl });
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
  const url = new URL(ground.databaseUrl);
  // The servers of tests are thrown away, and say so of themselves.
  url.searchParams.set('options', '-c rollcall.trust_storage=off');
  const api = await spawnApi({ DATABASE_URL: url.href });
  expect(await api.ended).toBe(78);
  expect(api.lines()).toMatchObject([
    { event: 'config.refused', error_message: expect.stringContaining('fsync off') },
    { event: 'config.refused', error_message: expect.stringContaining('full_page_writes off') },
  ]);
});

/** A login that may not become what the API runs as, until the test is over. */
async function urlOfStranger(): Promise<string> {
  const operator = openDatabase({
    url: ground.databaseUrl,
    maxConnections: 1,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const login = `stranger_${Date.now()}`;
  await operator.query(`CREATE ROLE ${login} LOGIN PASSWORD 'x'`);
  onTestFinished(async () => {
    await operator.query(`DROP ROLE ${login}`);
    await operator.close();
  });
  const url = new URL(ground.databaseUrl);
  url.username = login;
  url.password = 'x';
  return url.href;
}

test('it refuses a login that may not become the role it runs as, and says what to type', async () => {
  const api = await spawnApi({ DATABASE_URL: await urlOfStranger() });
  expect(await api.ended).toBe(78);
  expect(api.lines()).toMatchObject([
    {
      event: 'config.refused',
      error_message: expect.stringMatching(/^DATABASE_URL: .*GRANT rollcall_api TO it/),
    },
  ]);
});

describe.runIf(testBackends.includes('redis'))('started while Postgres is away', () => {
  const started = async (databaseUrl: string) => {
    const wire = await openFaultyWire(databaseUrl);
    await wire.cut();
    onTestFinished(() => wire.close());
    const env = { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() };
    return { wire, api: await runApi({ DATABASE_URL: wire.url, ...env }) };
  };

  test('it lets nobody in before it has looked at its role, and then everybody', async () => {
    const { wire, api } = await started(ground.databaseUrl);
    for (const path of ['/v1/key', '/admin/login']) {
      const answer = await fetch(`${api.url}${path}`);
      const { code } = (await answer.json()) as { code: string };
      expect([path, answer.status, code]).toEqual([path, 503, 'database_unavailable']);
    }
    expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    await wire.mend();
    await waitFor(async () => (await fetch(`${api.url}/readyz`)).status === 200, {
      timeoutMs: 60_000,
      describe: 'the api to be ready',
    });
    expect((await post(api.url)).status).toBe(202);
    expect(await api.stop('SIGTERM')).toBe(0);
  });

  test('it ends with the line of a refused start where Postgres comes back with another role', async () => {
    const { wire, api } = await started(await urlOfStranger());
    await wire.mend();
    await fetch(`${api.url}/readyz`).catch(() => undefined);
    expect(await api.ended).toBe(78);
    expect(api.lines().at(-1)).toMatchObject({
      event: 'config.refused',
      error_message: expect.stringMatching(/^DATABASE_URL: .*GRANT rollcall_api TO it/),
    });
  });
});

test('it ends with whoever started it', async () => {
  const api = await runApi({ DATABASE_URL: ground.databaseUrl });
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
    const wire = await openFaultyWire(ground.databaseUrl);
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
    const wire = await openFaultyWire(ground.databaseUrl);
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
    const wire = await openFaultyWire(ground.databaseUrl);
    const api = await runApi({ DATABASE_URL: wire.url });
    expect(await livesThrough(api, wire, 'Postgres', [5_000, 60_000], 503)).toBe(0);
  });

  test.runIf(testBackends.includes('redis'))(
    'fault 15: Redis for 3 s and for 60 s: each job is taken with 202 meanwhile, and after',
    { timeout: 600_000 },
    async () => {
      const wire = await openFaultyWire(testRedisUrl());
      const api = await runApi({
        DATABASE_URL: ground.databaseUrl,
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
      url: ground.databaseUrl,
      maxConnections: 2,
      applicationName: 'operator',
      onIdleError: () => undefined,
    });
  });
  afterAll(() => operator.close());

  test('fault 18: all of them while idle: the process lives and takes the next job', async () => {
    const api = await runApi({ DATABASE_URL: ground.databaseUrl });
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
