import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askReplay, blockChunk, type Database, resetBreaker, resumeAccount } from '@rollcall/db';
import { type ChunkId, makeId } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { expire } from './sweeps/expire.ts';
import { type Ground, layGround } from './test-ground.ts';
import { crashes, type Prepared, type WorkerCrashPoint } from './testing/crashes.ts';
import { accountsEnvironment, spawnWorker } from './testing/spawn-worker.ts';

/**
 * A real worker is killed by SIGKILL at every point there is, each with a job of its own; then one clean worker takes over whatever they
 * left. What became of each job is asked of the database and of the simulator's ledger.
 */
const account = 'ekycpro';
const points = Object.keys(crashes) as WorkerCrashPoint[];
/** Longer than all the deaths take: a claim is taken over when the test says that its time is over, not before. */
const lease_ms = 3_600_000;
const never = new AbortController().signal;
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
let compileCache: string;

interface Victim {
  readonly jobId: string;
  readonly numbers: number;
  readonly chunk: Record<string, unknown>;
}
const victims = new Map<WorkerCrashPoint, Victim>();

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator);
  compileCache = await mkdtemp(join(tmpdir(), 'rollcall-compiled-'));
  for (const point of points) await dieAt(point);
  await timePasses();
  const clean = start({});
  await waitFor(async () => (await unfinished()) === 0, {
    timeoutMs: 180_000,
    everyMs: 500,
    describe: 'a clean worker to end what the dead ones left',
  });
  await clean.kill();
}, 1_200_000);
afterAll(async () => {
  await rm(compileCache, { recursive: true });
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

function start(environment: Readonly<Record<string, string>>, stages?: string) {
  return spawnWorker(
    {
      DATABASE_URL: ground.databaseUrl,
      ROLLCALL_LEASE_MS: String(lease_ms),
      NODE_COMPILE_CACHE: compileCache,
      ...accounts,
      ...environment,
    },
    stages === undefined ? {} : { flags: ['--stages', stages] },
  );
}

async function dieAt(point: WorkerCrashPoint): Promise<void> {
  const { prepared } = crashes[point];
  // By its size the ledger tells a job from the others. More than one piece of COPY, where the death is to be in the middle of it.
  const numbers = points.indexOf(point) + (point === 'ingest:in_copy' ? 9_000 : 20);
  const jobId = await prepare(prepared, numbers);
  const worker = start({ ROLLCALL_CRASH_AT: point }, stageOf(prepared));
  const end = await Promise.race([worker.ended(), notWithin(90_000)]);
  await worker.kill();
  expect(end, `${point}: ${worker.complaint()}`).toMatchObject({ how: 'SIGKILL' });
  const [chunk = {}] = await ground.chunks(jobId);
  victims.set(point, { jobId, numbers, chunk });
  await cleanUp(jobId);
}

async function notWithin(limit_ms: number): Promise<{ how: string }> {
  await new Promise((resolve) => setTimeout(resolve, limit_ms).unref());
  return {
    how: 'still alive: no worker passes this point any more, or not in the way that crashes.ts says',
  };
}

function stageOf(prepared: Prepared): string {
  const [stage = ''] = prepared.split('_');
  return stage === 'replay' ? 'ingest' : stage;
}

async function prepare(prepared: Prepared, count: number): Promise<string> {
  const first = 447_930_000_000 + count * 10_000;
  const jobId = await ground.enqueue(
    'telegram',
    Array.from({ length: count }, (_, index) => first + index),
  );
  const stage = stageOf(prepared);
  const { equipment, db } = ground;
  if (stage === 'plan') return jobId;
  await planJob(equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']) as ChunkId;
  if (prepared === 'submit_without_balance') {
    await db.transaction('test', (tx) =>
      blockChunk(tx, chunkId, 0, 'provider_balance', Date.now() - 1_000),
    );
  }
  if (prepared === 'submit_that_fails') await failClaims(db);
  if (stage === 'submit') return jobId;
  expect(await submitChunk(equipment, chunkId, never)).toEqual({ polling: 1 });
  if (prepared === 'poll_refused') await ground.fault(always('status', 401));
  await ground.hurry(jobId);
  if (stage === 'poll') return jobId;
  await pollUntilReady(jobId);
  if (prepared === 'ingest_without_file') await ground.fault(always('file', 500));
  if (!prepared.startsWith('replay')) return jobId;
  await ingestChunk(equipment, chunkId, never);
  const asked = await askReplay(db, {
    id: makeId('replay', Date.now(), randomBytes(10)),
    chunkId,
    apply: false,
    by: { tenantId: 1, decidedBy: 'ana', why: 'a test' },
  });
  expect(asked).toMatchObject({ kind: 'asked' });
  if (prepared === 'replay_suspect') {
    await db.query('UPDATE store.replays SET tries = 9 WHERE chunk_id = $1', [chunkId]);
  }
  return jobId;
}

async function pollUntilReady(jobId: string): Promise<void> {
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      await pollAccount(ground.equipment, account, never);
      return (await ground.chunks(jobId))[0]?.['state'] === 'result_ready';
    },
    { describe: `a result for ${jobId}` },
  );
}

const always = (operation: string, status: number) => ({
  match: { account, operation },
  next: 'all',
  action: { kind: 'answer', status },
});

/** Makes the claim's transaction fail, as a broken connection does. */
async function failClaims(db: Database): Promise<void> {
  await db.query(`
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no claims today'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON store.attempts FOR EACH ROW EXECUTE FUNCTION public.fail()`);
}

/** What lasts beyond a death and would change the next one: a fault, a claim, the breaker that it opened. */
async function cleanUp(jobId: string): Promise<void> {
  const { db } = ground;
  await db.query('DROP FUNCTION IF EXISTS public.fail CASCADE');
  await ground.simulator.control('DELETE', 'faults');
  await db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp() FROM store.jobs j
      WHERE j.job_no = c.job_no AND j.id = $1 AND c.state = 'submitting'`,
    [jobId],
  );
  await expire(ground.equipment);
  await resetBreaker(db, account);
  await resumeAccount(db, account);
}

/** All leases and waits are over. */
async function timePasses(): Promise<void> {
  for (const table of ['chunks', 'jobs', 'replays']) {
    await ground.db.query(
      `UPDATE store.${table} SET due_at = clock_timestamp(), rung_at = NULL WHERE due_at IS NOT NULL`,
    );
  }
}

async function unfinished(): Promise<number> {
  const { rows } = await ground.db.query<{ open: number }>(
    `SELECT (SELECT count(*) FROM store.jobs j WHERE finished_at IS NULL
                AND NOT EXISTS (SELECT FROM store.chunks c WHERE c.job_no = j.job_no AND c.state = 'held'))
          + (SELECT count(*) FROM store.replays WHERE state IN ('waiting', 'running')) AS open`,
  );
  return rows[0]?.open ?? 0;
}

async function chargesOf(numbers: number): Promise<number> {
  const { charges } = (await ground.simulator.control('GET', `ledger?account=${account}`)) as {
    readonly charges: readonly { readonly numbers: number }[];
  };
  return charges.filter((charge) => charge.numbers === numbers).length;
}

async function endOf(point: WorkerCrashPoint) {
  const victim = victims.get(point);
  if (!victim) throw new Error(`nobody died at ${point}`);
  const [chunk = {}] = await ground.chunks(victim.jobId);
  const { rows } = await ground.db.query<{ attempts: number; evidence: number; results: number }>(
    `SELECT (SELECT count(*) FROM store.attempts a WHERE a.chunk_id = c.id) AS attempts,
            (SELECT count(*) FROM store.evidence e JOIN store.attempts a ON a.id = e.attempt_id WHERE a.chunk_id = c.id AND e.operation = 'submit') AS evidence,
            (SELECT count(*) FROM store.results r WHERE r.job_no = c.job_no) AS results
       FROM store.chunks c WHERE c.id = $1`,
    [chunk['id']],
  );
  const job = await ground.job(victim.jobId);
  const audit = await ground.db.query<{ ok: boolean }>('SELECT ok FROM rollcall.audit($1)', [
    victim.jobId,
  ]);
  return {
    then: victim.chunk,
    chunk,
    job,
    audited: audit.rows[0]?.ok,
    numbers: victim.numbers,
    charges: await chargesOf(victim.numbers),
    ...rows[0],
  };
}

test.for(points)('killed at %s, a job is answered whole or held, and paid once', async (point) => {
  const { end, charges } = crashes[point];
  const found = await endOf(point);
  expect(charges).toContain(found.charges);
  // Never a second upload by itself: the one attempt that there is has the outcome that is true of it.
  if (end === 'held') {
    expect(found.chunk).toMatchObject({
      state: 'held',
      reason: 'unknown',
      held_detail: 'worker_died',
      attempt_outcome: 'unknown',
    });
    expect(found).toMatchObject({ attempts: 1, results: 0 });
    return;
  }
  expect(found.job).toMatchObject({ state: 'completed' });
  expect(found).toMatchObject({ attempts: 1, results: found.numbers, audited: true });
});

test('no number was paid for twice', () => ground.nothingPaidTwice());

describe('the faults around an upload', () => {
  test('fault 1: killed before the intent commits, there is no attempt, the chunk is ready and nothing was charged', async () => {
    const found = await endOf('submit.claim:before_commit');
    expect(found.then).toMatchObject({ state: 'ready', attempt_id: null, attempt_outcome: null });
    expect(found).toMatchObject({ attempts: 1, charges: 1, chunk: { state: 'done' } });
  });

  test.for([
    'submit.claim:after_commit',
    'lease.extend:before_commit',
    'lease.extend:after_commit',
    'submit:before_first_byte',
    'submit:after_headers',
  ] as const)(
    'fault 2: killed at %s, the intent is there and nothing was sent: held, never re-sent',
    async (point) => {
      const found = await endOf(point);
      expect(found.then).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
      expect(found).toMatchObject({
        attempts: 1,
        charges: 0,
        chunk: { state: 'held', attempt_outcome: 'unknown' },
      });
    },
  );

  test('fault 3: killed after the 200, before the task id is stored, it is paid and held', async () => {
    const found = await endOf('submit:after_answer');
    expect(found.then).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
    expect(found).toMatchObject({
      attempts: 1,
      charges: 1,
      chunk: { state: 'held', attempt_outcome: 'unknown', task_id: null },
    });
  });

  test.for(['submit:in_store', 'submit.settle:before_commit'] as const)(
    'fault 4: killed at %s, inside the storing transaction, nothing of it stays and the chunk is held',
    async (point) => {
      const found = await endOf(point);
      expect(found.then).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
      expect(found).toMatchObject({
        attempts: 1,
        evidence: 0,
        charges: 1,
        chunk: { state: 'held', attempt_outcome: 'unknown', task_id: null },
      });
    },
  );

  test('fault 5: killed after the store, it is polled on by the rescue sweep and paid once', async () => {
    const found = await endOf('submit.settle:after_commit');
    expect(found.then).toMatchObject({ state: 'polling', attempt_outcome: 'accepted' });
    expect(found).toMatchObject({
      attempts: 1,
      evidence: 1,
      charges: 1,
      chunk: { state: 'done' },
      job: { state: 'completed' },
    });
  });
});
