import { unlink } from 'node:fs/promises';
import { payAgain, resetBreaker } from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import { queuePrefix, testBackends, testRedisUrl, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from './equipment.ts';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * Row 13 of `faults.md`: a worker that the operating system stops in the middle of a stage, past its lease, and wakes again. Another
 * has taken its work by then; of the late one only a task id counts.
 */
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
const workers: SpawnedWorker[] = [];

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator, {
    edit: (text) => text.replaceAll('upload_deadline: 20s', 'upload_deadline: 4s'),
  });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

async function start(environment: Readonly<Record<string, string>>): Promise<SpawnedWorker> {
  const worker = spawnWorker({
    DATABASE_URL: ground.databaseUrl,
    // Longer than a busy machine keeps a process waiting, and over soon once it is stopped.
    ROLLCALL_LEASE_MS: '6000',
    ROLLCALL_HEARTBEAT_MS: '1000',
    ...environment,
    ...accounts,
  });
  workers.push(worker);
  await worker.up();
  return worker;
}

/** The queue of one test. */
function ownQueue(): Readonly<Record<string, string>> {
  return testBackends.includes('redis')
    ? { REDIS_URL: testRedisUrl(), ROLLCALL_QUEUE_PREFIX: queuePrefix() }
    : {};
}

const ekycpro = (operation: string) => ({ account: 'ekycpro', operation });
const slow = (operation: string) =>
  ground.fault({ match: ekycpro(operation), action: { kind: 'delay', ms: 2_000 } });
const arrived = async (operation: string, before: number) =>
  waitFor(async () => (await ground.requests('ekycpro', operation)) > before, {
    timeoutMs: 60_000,
    describe: `the ${operation} to arrive`,
  });

/** Everything that the job has in the tables, as text. */
async function stored(jobId: string): Promise<string> {
  const { rows } = await ground.db.query(
    `SELECT (SELECT json_agg(c ORDER BY c.id) FROM store.chunks c WHERE c.job_no = j.job_no) AS chunks,
            (SELECT json_agg(r ORDER BY r.number) FROM store.results r WHERE r.job_no = j.job_no) AS results,
            (SELECT json_agg(a ORDER BY a.id) FROM store.attempts a JOIN store.chunks o ON o.id = a.chunk_id WHERE o.job_no = j.job_no) AS attempts,
            (SELECT json_agg(l ORDER BY l.id) FROM store.ledger l WHERE l.job_no = j.job_no) AS ledger
       FROM store.jobs j WHERE j.id = $1`,
    [jobId],
  );
  return JSON.stringify(rows[0]);
}

test('fault 13: stopped in an upload past its lease and its deadline: held meanwhile, and the task id that it brings is kept and used', async () => {
  const on = ownQueue();
  const before = await ground.charges('ekycpro');
  await slow('create');
  const late = await start(on);
  const jobId = await ground.enqueue('telegram', ground.fresh(30));
  await waitFor(async () => (await ground.charges('ekycpro')) > before, {
    timeoutMs: 60_000,
    describe: 'the upload to be charged',
  });
  late.process.kill('SIGSTOP');
  const stopped_ms = performance.now();
  await start(on);
  expect(await ground.untilChunk(jobId, ['held'])).toMatchObject({
    held_detail: 'worker_died',
    attempt_outcome: 'unknown',
  });
  // The answer has come into its socket, and its deadline of 4 s has passed: which does it look at first?
  await waitFor(() => performance.now() - stopped_ms > 6_000, {
    timeoutMs: 30_000,
    describe: 'the deadline to pass',
  });
  late.process.kill('SIGCONT');
  await ground.untilState(jobId, ['completed']);
  expect((await ground.charges('ekycpro')) - before).toBe(1);
  const ledger = (await ground.simulator.control('GET', 'ledger?account=ekycpro')) as {
    charges: { shown_task_id: string }[];
  };
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    attempt_outcome: 'accepted',
    task_id: ledger.charges.at(-1)?.shown_task_id,
  });
}, 600_000);

// Between the fresh lease and the first byte, and between the head of the request and its body: nobody had paid when the person decided.
test.each(['submit:before_first_byte', 'submit:after_headers'])(
  'fault 13: stopped at %s until a person has paid again, it sends nothing more: one charge for both',
  async (point) => {
    const on = ownQueue();
    const before = await ground.charges('ekycpro');
    const late = await start({ ...on, ROLLCALL_CRASH_AT: `${point}#1#stop` });
    const jobId = await ground.enqueue('telegram', ground.fresh(30));
    await waitFor(() => late.complaint().includes(`stopped at ${point}`), {
      timeoutMs: 60_000,
      describe: 'the upload to be stopped',
    });
    await start(on);
    const held = await ground.untilChunk(jobId, ['held']);
    expect(held).toMatchObject({ held_detail: 'worker_died', attempt_outcome: 'unknown' });
    expect(await ground.charges('ekycpro')).toBe(before);
    const costCeiling = parseMoney('1');
    if (costCeiling === null) throw new Error('no money');
    expect(
      await payAgain(
        ground.db,
        String(held['id']),
        { id: newId('approval'), costCeiling, liftedTo: 'not_charged' },
        { tenantId: 1, decidedBy: 'operator@example', why: 'support knows no such task' },
      ),
    ).toMatchObject({ kind: 'decided' });
    await resetBreaker(ground.db, 'ekycpro');
    await ground.untilState(jobId, ['completed']);
    late.process.kill('SIGCONT');
    await waitFor(() => late.said('attempt.late_answer'), {
      timeoutMs: 60_000,
      describe: 'the late one to settle its upload',
    });
    expect((await ground.charges('ekycpro')) - before).toBe(1);
  },
  600_000,
);

test.each([
  ['poll', 'status'],
  ['download', 'file'],
])(
  'fault 13: stopped in a %s past its lease, it changes no row',
  async (_, operation) => {
    const on = ownQueue();
    const before = await ground.requests('ekycpro', operation);
    const charges = await ground.charges('ekycpro');
    await slow(operation);
    const late = await start(on);
    const jobId = await ground.enqueue('telegram', ground.fresh(30));
    await arrived(operation, before);
    late.process.kill('SIGSTOP');
    await start(on);
    await ground.untilState(jobId, ['completed']);
    const then = await stored(jobId);
    late.process.kill('SIGCONT');
    await waitFor(() => late.said('chunk.stale'), {
      timeoutMs: 60_000,
      describe: 'the late one to find its claim gone',
    });
    // It works on: whatever it would still write for the old claim comes before what it writes for another job.
    await workers.at(-1)?.kill();
    const next = await ground.enqueue('coinw', ground.fresh(10));
    await ground.untilState(next, ['completed']);
    expect(await stored(jobId)).toBe(then);
    expect((await ground.charges('ekycpro')) - charges).toBe(2);
  },
  600_000,
);
