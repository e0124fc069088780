import { unlink } from 'node:fs/promises';
import { queuePrefix, testBackends, testRedisUrl, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/** Row 21 of `faults.md`: only Postgres knows the time. Real workers, whose own clocks are wrong. */
const preload = new URL('testing/shifted-clock.ts', import.meta.url).href;
const hour_ms = 3_600_000;
const lease_ms = 5_000;
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
let running: SpawnedWorker | undefined;

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator, {
    edit: (text) => text.replaceAll('upload_deadline: 20s', 'upload_deadline: 3s'),
  });
});
afterEach(async () => {
  await running?.kill();
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

async function start(course: string): Promise<SpawnedWorker> {
  const worker = spawnWorker({
    DATABASE_URL: ground.databaseUrl,
    ROLLCALL_LEASE_MS: String(lease_ms),
    ROLLCALL_HEARTBEAT_MS: '1000',
    NODE_OPTIONS: `--import=${preload}?${course}`,
    ...(testBackends.includes('redis')
      ? { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() }
      : {}),
    ...accounts,
  });
  running = worker;
  await worker.up();
  return worker;
}

test.each([
  ['an hour ahead', String(hour_ms)],
  ['an hour behind', String(-hour_ms)],
])(
  'fault 21: a worker %s takes nothing early and leaves nothing lying',
  async (_, course) => {
    await ground.fault({
      match: { account: 'ekycpro', operation: 'status' },
      action: { kind: 'answer', status: 429, headers: { 'retry-after': '1800' } },
    });
    const worker = await start(course);
    const later = await ground.enqueue('telegram', ground.fresh(20));
    // Told to wait for half an hour: from the time that Postgres has.
    const told = await waitFor(
      async () => {
        const [chunk] = await ground.chunks(later);
        const due_ms = (chunk?.['due_at'] as Date | null)?.getTime() ?? 0;
        return due_ms > Date.now() + 20 * 60_000 ? chunk : null;
      },
      { timeoutMs: 60_000, describe: 'the poll to be put off' },
    );
    const due_ms = (told['due_at'] as Date).getTime();
    expect(due_ms - Date.now()).toBeLessThan(31 * 60_000);

    const soon = await ground.enqueue('coinw', ground.fresh(20));
    await ground.untilState(soon, ['completed']);
    expect((await ground.chunks(later))[0]).toMatchObject({
      state: 'polling',
      fence: told['fence'],
    });
    // Half an hour later.
    await ground.hurry(later);
    await ground.untilState(later, ['completed']);
    expect(worker.hasEnded()).toBe(false);
  },
  600_000,
);

test('fault 21: a clock that jumps back during a lease costs neither the lease nor the upload', async () => {
  const before = await ground.charges('ekycpro');
  await ground.fault({
    match: { account: 'ekycpro', operation: 'create' },
    action: { kind: 'delay', ms: 2_000 },
  });
  const worker = await start(`0,${-hour_ms}`);
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  await waitFor(async () => (await ground.charges('ekycpro')) > before, {
    timeoutMs: 60_000,
    describe: 'the upload to be charged',
  });
  // Neither the upload's deadline nor its claim goes by the clock that is set.
  worker.process.kill('SIGUSR2');
  await ground.untilState(jobId, ['completed']);
  expect(worker.said('chunk.held')).toBe(false);
  expect(worker.said('chunk.stale')).toBe(false);
  expect((await ground.charges('ekycpro')) - before).toBe(1);
  const next = await ground.enqueue('telegram', ground.fresh(20));
  await ground.untilState(next, ['completed']);
}, 600_000);
