import { unlink } from 'node:fs/promises';
import { type Database, openDatabase } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * A result that ends whoever reads it: two processes die of it, none a third time, and its neighbours go on. The process is ended by
 * SIGABRT, which is how V8 ends one whose heap is full, at the very moment when it has the file in its hands: a file that fills a
 * heap would have to get past the limits of packages/results first.
 */
let ground: Ground;
let gate: Database;
let accounts: Readonly<Record<string, string>>;
const workers: SpawnedWorker[] = [];
const numbers = (from: number) => Array.from({ length: 50 }, (_, index) => from + index);

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator);
  gate = openDatabase({
    url: ground.databaseUrl,
    maxConnections: 1,
    applicationName: 'gate',
    onIdleError: () => undefined,
  });
  // Whoever says that it has parsed waits here while the gate is shut: it is caught with the file in its hands.
  await ground.db.query(`CREATE FUNCTION public.at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1414); RETURN NEW; END $$`);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await gate.close();
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

async function parseStarts(chunkId: unknown): Promise<number> {
  const { rows } = await ground.db.query<{ parse_started: number }>(
    'SELECT parse_started FROM store.artifacts WHERE chunk_id = $1',
    [chunkId],
  );
  return rows[0]?.parse_started ?? 0;
}

test('fault 14: an abort while parsing, twice: the file is quarantined unread, its neighbours are answered', async () => {
  const jobId = await ground.enqueue('telegram', numbers(447_920_000_000));
  await gate.query('SELECT pg_advisory_lock(1414)');
  await ground.db.query(
    `CREATE TRIGGER gate BEFORE UPDATE ON store.artifacts FOR EACH ROW
      WHEN (NEW.parse_started < OLD.parse_started) EXECUTE FUNCTION public.at_the_gate()`,
  );
  for (const death of [1, 2]) {
    const worker = start('ulimit -c 0');
    await waitFor(
      async () => {
        const [chunk] = await ground.chunks(jobId);
        return (await parseStarts(chunk?.['id'])) === death;
      },
      { timeoutMs: 60_000, describe: `parsing to begin for the ${death}. time` },
    );
    worker.process.kill('SIGABRT');
    expect((await worker.ended()).how).toBe('SIGABRT');
    // Its session dies with it, and its half-done update is rolled back.
    const [chunk] = await ground.chunks(jobId);
    expect(await parseStarts(chunk?.['id'])).toBe(death);
    // Its lease runs out.
    await ground.db.query('UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = $1', [
      chunk?.['id'],
    ]);
  }
  await gate.query('SELECT pg_advisory_unlock(1414)');
  const survivor = start();
  const neighbour = await ground.enqueue('telegram', numbers(447_921_000_000));
  const chunk = await ground.untilChunk(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'artifact', held_detail: 'parser_died' });
  const { rows } = await ground.db.query(
    'SELECT verdict, verdict_code FROM store.artifacts WHERE chunk_id = $1',
    [chunk['id']],
  );
  expect(rows).toEqual([{ verdict: 'unreadable', verdict_code: 'parser_died' }]);
  await ground.untilState(neighbour, ['completed']);
  expect(survivor.hasEnded()).toBe(false);
  expect(await ground.charges('ekycpro')).toBe(2);
  expect(await ground.requests('ekycpro', 'file')).toBe(2);
});
