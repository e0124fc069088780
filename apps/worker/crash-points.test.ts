import { mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround, testSecretsText } from './test-ground.ts';
import { crashes, type WorkerCrashPoint } from './testing/crashes.ts';
import { account, cleanUp, prepareJob, stageOf } from './testing/prepare-job.ts';
import { accountsEnvironment, spawnWorker } from './testing/spawn-worker.ts';

/**
 * A real worker is killed by SIGKILL at every point that it passes, each with a job of its own; then one clean worker takes over whatever they
 * left. What became of each job is asked of the database and of the simulator's ledger. The starts of the workers are what this costs, so
 * two lanes go side by side; each has a database and a simulator of its own, since a worker takes whatever is due and a fault is the account's.
 */
const points = Object.keys(crashes) as WorkerCrashPoint[];
const lanesCount = 2;
/** The longest that a worker starts with. All the deaths take longer, so each victim's work is put off until the test says that time passes. */
const lease_ms = 90_000;

interface Lane {
  readonly ground: Ground;
  readonly accounts: Readonly<Record<string, string>>;
}
interface Victim {
  readonly lane: Lane;
  readonly jobId: string;
  readonly numbers: number;
  /** As the dead worker left it, before anybody else came. */
  readonly atDeath: Readonly<Record<string, unknown>>;
}
const lanes: Lane[] = [];
const victims = new Map<WorkerCrashPoint, Victim>();
let compileCache: string;

beforeAll(async () => {
  compileCache = await mkdtemp(join(tmpdir(), 'rollcall-compiled-'));
  for (let opened = 0; opened < lanesCount; opened += 1) {
    const ground = await layGround();
    lanes.push({ ground, accounts: await accountsEnvironment(ground.simulator) });
  }
  await Promise.all(
    lanes.map(async (lane, index) => {
      for (const [at, point] of points.entries()) {
        if (at % lanesCount === index) await dieAt(point, lane);
      }
      await recover(lane);
    }),
  );
}, 1_200_000);
afterAll(async () => {
  for (const { ground, accounts } of lanes) {
    await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
    await ground.close();
  }
  await rm(compileCache, { recursive: true });
});

function start(lane: Lane, environment: Readonly<Record<string, string>>, stages?: string) {
  return spawnWorker(
    {
      DATABASE_URL: lane.ground.databaseUrl,
      ROLLCALL_LEASE_MS: String(lease_ms),
      NODE_COMPILE_CACHE: compileCache,
      ROLLCALL_SUPPRESSION_SECRETS: testSecretsText,
      ...lane.accounts,
      ...environment,
    },
    stages === undefined ? {} : { flags: ['--stages', stages] },
  );
}

async function dieAt(point: WorkerCrashPoint, lane: Lane): Promise<void> {
  const { prepared } = crashes[point];
  const { ground } = lane;
  // By its size the ledger tells a job from the others. More than a stream holds back (16 KiB), where the death is to be in mid-COPY; and no more than goes in one chunk (1,000).
  const numbers = points.indexOf(point) + (point === 'ingest:in_copy' ? 900 : 20);
  const jobId = await prepareJob(ground, prepared, numbers);
  const worker = start(lane, { ROLLCALL_CRASH_AT: point }, stageOf(prepared));
  const end = await Promise.race([worker.ended(), notWithin(90_000)]);
  await worker.kill();
  expect(end, `${point}: ${worker.complaint()}`).toMatchObject({ how: 'SIGKILL' });
  const [atDeath = {}] = await ground.chunks(jobId);
  victims.set(point, { lane, jobId, numbers, atDeath });
  await cleanUp(ground, jobId);
  await becomesDue(lane, 'clock_timestamp() + make_interval(hours => 1)');
}

async function notWithin(limit_ms: number): Promise<{ how: string }> {
  await new Promise((resolve) => setTimeout(resolve, limit_ms).unref());
  return {
    how: 'still alive: no worker passes this point any more, or not in the way that crashes.ts says',
  };
}

/** A clean worker ends what the dead ones of the lane left. */
async function recover(lane: Lane): Promise<void> {
  await becomesDue(lane, 'clock_timestamp()');
  const clean = start(lane, {});
  await waitFor(async () => (await unfinished(lane)) === 0, {
    timeoutMs: 180_000,
    everyMs: 200,
    describe: 'a clean worker to end what the dead ones left',
  });
  await clean.kill();
}

/** All leases and waits of a lane end then. */
async function becomesDue({ ground }: Lane, then: string): Promise<void> {
  for (const table of ['chunks', 'jobs', 'replays']) {
    await ground.db.query(
      `UPDATE store.${table} SET due_at = ${then}, rung_at = NULL WHERE due_at IS NOT NULL`,
    );
  }
}

async function unfinished({ ground }: Lane): Promise<number> {
  const { rows } = await ground.db.query<{ open: number }>(
    `SELECT (SELECT count(*) FROM store.jobs j WHERE finished_at IS NULL
                AND NOT EXISTS (SELECT FROM store.chunks c WHERE c.job_no = j.job_no AND c.state = 'held'))
          + (SELECT count(*) FROM store.replays WHERE state IN ('waiting', 'running')) AS open`,
  );
  return rows[0]?.open ?? 0;
}

async function chargesOf({ lane, numbers }: Victim): Promise<number> {
  const { charges } = (await lane.ground.simulator.control('GET', `ledger?account=${account}`)) as {
    readonly charges: readonly { readonly numbers: number }[];
  };
  return charges.filter((charge) => charge.numbers === numbers).length;
}

async function endOf(point: WorkerCrashPoint) {
  const victim = victims.get(point);
  if (!victim) throw new Error(`nobody died at ${point}`);
  const { ground } = victim.lane;
  const [chunk = {}] = await ground.chunks(victim.jobId);
  const { rows } = await ground.db.query<{ attempts: number; evidence: number; results: number }>(
    `SELECT (SELECT count(*) FROM store.attempts a WHERE a.chunk_id = c.id) AS attempts,
            (SELECT count(*) FROM store.evidence e JOIN store.attempts a ON a.id = e.attempt_id WHERE a.chunk_id = c.id AND e.operation = 'submit') AS evidence,
            (SELECT count(*) FROM store.results r WHERE r.job_no = c.job_no AND r.outcome <> 'suppressed') + c.erased AS results
       FROM store.chunks c WHERE c.id = $1`,
    [chunk['id']],
  );
  const job = await ground.job(victim.jobId);
  const audit = await ground.db.query<{ ok: boolean }>('SELECT ok FROM rollcall.audit($1)', [
    victim.jobId,
  ]);
  return {
    atDeath: victim.atDeath,
    chunk,
    job,
    audited: audit.rows[0]?.ok,
    numbers: victim.numbers,
    charges: await chargesOf(victim),
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

test('no number was paid for twice', async () => {
  for (const { ground } of lanes) await expect(ground.nothingPaidTwice()).resolves.toBeUndefined();
});

describe('the faults around an upload', () => {
  test('fault 1: killed before the intent commits, there is no attempt, the chunk is ready and nothing was charged', async () => {
    const found = await endOf('submit.claim:before_commit');
    expect(found.atDeath).toMatchObject({
      state: 'ready',
      attempt_id: null,
      attempt_outcome: null,
    });
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
      expect(found.atDeath).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
      expect(found).toMatchObject({
        attempts: 1,
        charges: 0,
        chunk: { state: 'held', attempt_outcome: 'unknown' },
      });
    },
  );

  test('fault 3: killed after the 200, before the task id is stored, it is paid and held', async () => {
    const found = await endOf('submit:after_answer');
    expect(found.atDeath).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
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
      expect(found.atDeath).toMatchObject({ state: 'submitting', attempt_outcome: 'intent' });
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
    expect(found.atDeath).toMatchObject({ state: 'polling', attempt_outcome: 'accepted' });
    expect(found).toMatchObject({
      attempts: 1,
      evidence: 1,
      charges: 1,
      chunk: { state: 'done' },
      job: { state: 'completed' },
    });
  });
});
