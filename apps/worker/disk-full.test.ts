import { readdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { heldOpenFiles, testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * No space left, for the file that a result is downloaded into and for Postgres: what is paid for waits, with no try counted, says
 * why, leaves no file, and goes on once there is room. A limit on file sizes stands in for the full disk (a real write that the
 * kernel refuses, without root); Postgres raises its own disk_full.
 */
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
const workers: SpawnedWorker[] = [];

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  for (const table of ['results', 'attempts'])
    await ground.db.query(`DROP TRIGGER IF EXISTS no_room ON store.${table}`);
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

function start(shell?: string): SpawnedWorker {
  const worker = spawnWorker(
    { DATABASE_URL: ground.databaseUrl, ...accounts },
    shell === undefined ? {} : { shell },
  );
  workers.push(worker);
  return worker;
}

/** From now on Postgres says that it has no room for a row of this table. */
async function leaveNoRoomFor(table: 'results' | 'attempts'): Promise<void> {
  await ground.db.query(`CREATE OR REPLACE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
  await ground.db.query(
    `CREATE TRIGGER no_room BEFORE INSERT ON store.${table} FOR EACH ROW EXECUTE FUNCTION public.no_room()`,
  );
}

/** Lets time pass quickly for what waits for the provider; what waits for room waits. */
async function hurryToResult(jobId: string): Promise<void> {
  await ground.db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp(), rung_at = NULL FROM store.jobs j
      WHERE j.job_no = c.job_no AND j.id = $1 AND c.state IN ('ready', 'polling')`,
    [jobId],
  );
}

async function untilFull(jobId: string, isFull: () => boolean): Promise<void> {
  await waitFor(
    async () => {
      await hurryToResult(jobId);
      return isFull();
    },
    { timeoutMs: 100_000, everyMs: 200, describe: 'the full disk' },
  );
}

async function untilCompleted(jobId: string): Promise<void> {
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      return (await ground.job(jobId))['state'] === 'completed';
    },
    { timeoutMs: 100_000, everyMs: 200, describe: 'the job to be completed' },
  );
}

const waits = (chunk: Record<string, unknown>) =>
  chunk['state'] === 'result_ready' && chunk['ingest_tries'] === 0;

test('fault 20: a full temporary directory pauses the result, with a clear line and no file left; with room it goes on, paid once', async () => {
  const before = await ground.charges('ekycpro');
  // 4 or 8 KiB, by the shell's unit; the file has 30.
  const full = start('ulimit -f 8');
  await ground.fault({
    match: { account: 'ekycpro', operation: 'create' },
    next: 'all',
    action: { kind: 'file', edits: { layout: 'xlsx' } },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(3_000));
  await untilFull(jobId, () => full.said('disk.full'));
  expect(full.lines().find((line) => line['event'] === 'disk.full')).toMatchObject({
    level: 'error',
    reason: 'temporary_directory',
    account: 'ekycpro',
  });
  // The second chunk: the canary before it is one number, and its file is small.
  const chunk = await waitFor(async () => (await ground.chunks(jobId)).slice(1).find(waits), {
    describe: 'the result to wait',
  });
  expect(Number(chunk['due_at'])).toBeGreaterThan(Number(chunk['changed_at']) + 20_000);
  // Its files have no name there, and take their room until they are closed: a reader is kept for the next file for some seconds.
  if (process.platform === 'linux')
    await waitFor(async () => (await heldOpenFiles(full.process.pid, tmpdir())).length === 0, {
      describe: 'the files to be closed',
    });
  else expect((await readdir(tmpdir())).filter((name) => name.startsWith('rollcall-'))).toEqual([]);
  expect(full.hasEnded()).toBe(false);

  await full.kill();
  start();
  await untilCompleted(jobId);
  expect((await ground.charges('ekycpro')) - before).toBe(2);
});

describe('with a worker in hand', () => {
  beforeAll(() => ground.start(testBackends[0] ?? 'postgres'));

  test('fault 20: a Postgres without room pauses the result and holds nothing; with room its rows come whole', async () => {
    await leaveNoRoomFor('results');
    const jobId = await ground.enqueue('telegram', ground.fresh(200));
    const said = () => ground.logged.filter((line) => line['event'] === 'disk.full').length;
    for (const times of [1, 2, 3]) {
      await untilFull(jobId, () => said() >= times);
      await waitFor(async () => waits((await ground.chunks(jobId))[0] ?? {}), {
        describe: 'the result to wait',
      });
      if (times < 3) await ground.hurry(jobId);
    }
    expect(ground.logged).toContainEqual(
      expect.objectContaining({ event: 'disk.full', reason: 'postgres', job: jobId }),
    );
    await ground.db.query('DROP TRIGGER no_room ON store.results');
    await untilCompleted(jobId);
    expect(await ground.job(jobId)).toMatchObject({ answered: 200, pending: 0 });
  });

  test('fault 20: a Postgres without room for an intent sends nothing; with room the chunk is paid once', async () => {
    const before = await ground.requests('ekycpro', 'create');
    await leaveNoRoomFor('attempts');
    const refusals = () =>
      ground.logged.filter(
        (line) => line['event'] === 'queue.handler' && line['error_code'] === '53100',
      ).length;
    const earlier = refusals();
    const jobId = await ground.enqueue('telegram', ground.fresh(100));
    await waitFor(() => refusals() > earlier, {
      timeoutMs: 60_000,
      describe: 'a claim that Postgres refuses',
    });
    expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'ready', attempt_id: null });
    expect(await ground.requests('ekycpro', 'create')).toBe(before);
    await ground.db.query('DROP TRIGGER no_room ON store.attempts');
    await untilCompleted(jobId);
    expect((await ground.requests('ekycpro', 'create')) - before).toBe(1);
  });
});
