import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedAccounts } from '@rollcall/config';
import { queuePrefix, testBackends, testRedisUrl, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';

/** The worker as real processes: several at once, killed, stopped, misconfigured. */
const program = join(import.meta.dirname, 'main.ts');
let ground: Ground;
let accountsFile: string;
let keys: Readonly<Record<string, string>>;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  ground = await layGround();
  const accounts = await simulatedAccounts({ ...ground.simulator, chunkSize: 100 });
  accountsFile = join(tmpdir(), 'accounts.yaml');
  keys = accounts.keys;
  const text = accounts.text
    .replaceAll('upload_deadline: 20s', 'upload_deadline: 3s')
    .replaceAll(
      /requests_per_second: 100, uploads_in_flight: 4|requests_per_second: 100\n\s+uploads_in_flight: 4/g,
      (found) => found.replace('100', '20').replace('4', '2'),
    );
  await writeFile(accountsFile, text);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    if (worker.exitCode === null && worker.signalCode === null) {
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
  }
  await ground.simulator.control('DELETE', 'faults');
});
afterAll(async () => {
  await ground.close();
  await unlink(accountsFile);
});

function startWorker(
  environment: Readonly<Record<string, string | undefined>> = {},
  flags: readonly string[] = [],
): ChildProcess & { lines: string[]; complaint(): string } {
  const worker = spawn(process.execPath, [program, ...flags], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: ground.databaseUrl,
      ROLLCALL_ACCOUNTS_FILE: accountsFile,
      ROLLCALL_LEASE_MS: '4000',
      ROLLCALL_HEARTBEAT_MS: '500',
      ROLLCALL_RESCUE_INTERVAL_MS: '1000',
      ...keys,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  workers.push(worker);
  const lines: string[] = [];
  let errors = '';
  worker.stdout?.on('data', (text: Buffer) => lines.push(...text.toString().trim().split('\n')));
  worker.stderr?.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  return Object.assign(worker, { lines, complaint: () => errors });
}

describe.each(testBackends)('on %s', (backend) => {
  const redis = () =>
    backend === 'redis' ? { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() } : {};

  test('a worker that is killed while it uploads leaves its chunk held, never sent again by itself', async () => {
    const environment = redis();
    await ground.fault({
      match: { account: 'ekycpro', operation: 'create' },
      action: { kind: 'never_answer' },
    });
    const jobId = await ground.enqueue('telegram', ground.fresh(50));
    const before = await ground.charges('ekycpro');
    const first = startWorker(environment);
    await waitFor(async () => (await ground.charges('ekycpro')) > before, {
      timeoutMs: 60_000,
      describe: 'the upload to be charged',
    });
    first.kill('SIGKILL');
    startWorker(environment);
    const chunk = await ground.untilChunk(jobId, ['held'], 60_000);
    expect(chunk).toMatchObject({
      reason: 'unknown',
      held_detail: 'worker_died',
      attempt_outcome: 'unknown',
    });
    const other = await ground.enqueue('coinw', ground.fresh(50));
    await ground.untilState(other, ['completed'], 60_000);
    expect(await ground.charges('ekycpro')).toBe(before + 2);
    expect(await ground.simulator.control('GET', 'paid-twice')).toMatchObject({ paid_twice: 0 });
  }, 180_000);

  test('two workers, one stage each, share the work through Postgres; SIGTERM ends them in order', async () => {
    const environment = redis();
    const stages = ['plan,submit', 'poll,ingest'].map((names) =>
      startWorker(environment, ['--stages', names]),
    );
    const jobId = await ground.enqueue('coinw', ground.fresh(300));
    await ground.untilState(jobId, ['completed'], 60_000);
    for (const worker of stages) {
      worker.kill('SIGTERM');
      expect(await once(worker, 'exit')).toEqual([0, null]);
      expect(worker.lines.join('\n')).toContain('worker.stopped');
    }
  }, 180_000);
});

test('pace and uploads in flight hold over all processes together', async () => {
  await ground.simulator.control('DELETE', 'requests');
  await ground.fault({
    match: { account: 'checknumber', operation: 'create' },
    next: 'all',
    action: { kind: 'delay', ms: 300 },
  });
  // Each turn that a process takes of the account's 20 a second, by the clock that all of them go by.
  await ground.db.query(
    `CREATE TABLE public.turns (at timestamptz NOT NULL);
     CREATE FUNCTION public.keep_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
       BEGIN INSERT INTO public.turns VALUES (NEW.next_request_at - interval '50 ms'); RETURN NULL; END $$;
     CREATE TRIGGER keep_turn AFTER UPDATE OF next_request_at ON store.account_states
       FOR EACH ROW WHEN (NEW.account = 'checknumber') EXECUTE FUNCTION public.keep_turn()`,
  );
  startWorker();
  startWorker();
  const jobs = [
    await ground.enqueue('twitter', ground.fresh(600)),
    await ground.enqueue('twitter', ground.fresh(600)),
  ];
  for (const jobId of jobs) await ground.untilState(jobId, ['completed'], 60_000);
  const { requests } = (await ground.simulator.control('GET', 'requests')) as {
    requests: {
      account: string;
      operation: string;
      in_flight_max: number;
      started_at_ms: number[];
    }[];
  };
  const ours = requests.filter((tally) => tally.account === 'checknumber');
  expect(ours.find((tally) => tally.operation === 'create')?.in_flight_max).toBe(2);
  const starts = ours.flatMap((tally) => tally.started_at_ms).sort((a, b) => a - b);
  const { rows: turns } = await ground.db.query<{ at_ms: number }>(
    'SELECT extract(epoch FROM at)::float8 * 1000 AS at_ms FROM public.turns ORDER BY at',
  );
  await ground.db.query('DROP TABLE public.turns; DROP FUNCTION public.keep_turn CASCADE');
  expect(starts.length).toBeGreaterThan(10);
  // Turns keep their distance, and nobody starts before its own: how late anybody comes, a busy machine decides.
  for (const [index, { at_ms }] of turns.entries()) {
    const before_ms = turns[index - 1]?.at_ms ?? 0;
    expect(at_ms - before_ms).toBeGreaterThan(49.9);
  }
  for (const [index, start_ms] of starts.entries()) {
    // Timers fire up to a millisecond early, and the simulator counts whole ones.
    expect(start_ms).toBeGreaterThanOrEqual((turns[index]?.at_ms ?? Infinity) - 3);
  }
}, 180_000);

test('what is lost from the queue is rung again: nothing but Postgres is needed', async () => {
  // Stored and never rung: the doorbell went to no queue at all.
  const jobId = await ground.enqueue('telegram', ground.fresh(30));
  startWorker();
  await ground.untilState(jobId, ['completed'], 60_000);
  expect(await ground.job(jobId)).toMatchObject({ answered: 30, pending: 0 });
}, 180_000);

test('a configuration that cannot be used is refused with every problem at once', async () => {
  const worker = startWorker({
    DATABASE_URL: 'http://wrong',
    ROLLCALL_STAGES: 'plan,dance',
    ROLLCALL_LEASE_MS: 'soon',
  });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(78);
  for (const name of ['DATABASE_URL', 'ROLLCALL_STAGES', 'ROLLCALL_LEASE_MS'])
    expect(worker.complaint()).toContain(name);
});

test('a Postgres that may forget what it has acknowledged is refused', async () => {
  const url = new URL(ground.databaseUrl);
  // The servers of tests are thrown away, and say so of themselves.
  url.searchParams.set('options', '-c rollcall.trust_storage=off');
  const worker = startWorker({ DATABASE_URL: url.href });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(78);
  expect(worker.complaint()).toMatch(/with fsync off .*\n.* with full_page_writes off/);
});

test('a login that may not become the role that a worker runs as is refused, with what to type', async () => {
  const login = `stranger_${Date.now()}`;
  await ground.db.query(`CREATE ROLE ${login} LOGIN PASSWORD 'x'`);
  onTestFinished(async () => void (await ground.db.query(`DROP ROLE ${login}`)));
  const url = new URL(ground.databaseUrl);
  url.username = login;
  url.password = 'x';
  const worker = startWorker({ DATABASE_URL: url.href });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(78);
  expect(worker.complaint()).toMatch(/DATABASE_URL: .*GRANT rollcall_worker TO it/);
});

test('a lease that would not outlast an upload is refused', async () => {
  const worker = startWorker({ ROLLCALL_LEASE_MS: '3000' });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(78);
  expect(worker.complaint()).toContain('ROLLCALL_LEASE_MS: must be at least 3600');
});

test('a crash point that was left set is said aloud', async () => {
  const worker = startWorker({
    DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
    ROLLCALL_CRASH_AT: 'submit.settle:after_commit',
  });
  await waitFor(async () => worker.lines.length > 0, {
    timeoutMs: 60_000,
    describe: 'the first line of the worker',
  });
  expect(JSON.parse(worker.lines[0] ?? '{}')).toMatchObject({
    event: 'process.armed',
    level: 'warn',
    reason: 'submit.settle:after_commit',
  });
});

test('an account with open chunks cannot be taken out of the accounts file', async () => {
  await ground.db.query(
    "UPDATE store.account_states SET paused_reason = 'operator', paused_at = now() WHERE account = 'webcom'",
  );
  const jobId = await ground.enqueue('viber', ground.fresh(10));
  startWorker();
  await ground.untilChunk(jobId, ['blocked'], 60_000);
  const without = join(tmpdir(), 'without.yaml');
  const { text } = await simulatedAccounts(ground.simulator);
  await writeFile(
    without,
    text
      .replaceAll('upload_deadline: 20s', 'upload_deadline: 3s')
      .replace('webcom:\n    adapter', 'webcom:\n    enabled: false\n    adapter')
      .replaceAll(/^ {2}\w+: webcom\n/gm, ''),
  );
  const worker = startWorker({ ROLLCALL_ACCOUNTS_FILE: without });
  const [code] = await once(worker, 'exit');
  await unlink(without);
  expect(worker.complaint()).toContain('account webcom has open chunks');
  expect(code).toBe(78);
}, 180_000);
