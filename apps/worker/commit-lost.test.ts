import { unlink } from 'node:fs/promises';
import { type FaultyWire, openFaultyWire, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * A real worker whose wire to Postgres loses the reply to one COMMIT: Postgres has stored it, and the worker cannot know. The
 * COMMIT is told by the last statement of its own that goes before it on the connection.
 */
const commits: readonly (readonly [string, RegExp, readonly string[]])[] = [
  // Nothing was sent under it: it is given back, and the chunk is claimed anew.
  ['a claim', /UPDATE store\.chunks SET state = 'submitting'[^]*COMMIT/, ['not_sent', 'accepted']],
  [
    'the settling of an upload',
    /UPDATE store\.attempts SET outcome = 'accepted'[^]*COMMIT/,
    ['accepted'],
  ],
  ['the publishing of results', /SET verdict = 'read'[^]*COMMIT/, ['accepted']],
];
const numbers = 40;
let ground: Ground;
let wire: FaultyWire;
let worker: SpawnedWorker;
let accounts: Readonly<Record<string, string>>;

beforeAll(async () => {
  ground = await layGround();
  accounts = await accountsEnvironment(ground.simulator);
  wire = await openFaultyWire(ground.databaseUrl);
  worker = spawnWorker({ DATABASE_URL: wire.url, ...accounts });
});
afterEach(() => ground.nothingPaidTwice());
afterAll(async () => {
  await worker.kill();
  await wire.close();
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

test.each(commits)(
  'fault 18: the reply to the COMMIT of %s is lost: one charge, one booking, each row once',
  async (what, commit, outcomes) => {
    const before = await ground.charges('ekycpro');
    const dropped = wire.repliesDropped();
    wire.dropReply(commit);
    const from = 447_927_000_000 + commits.findIndex(([name]) => name === what) * 1_000;
    const jobId = await ground.enqueue(
      'telegram',
      Array.from({ length: numbers }, (_, index) => from + index),
    );
    await waitFor(
      async () => {
        await ground.hurry(jobId);
        return (await ground.job(jobId))['state'] === 'completed';
      },
      { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
    );
    expect(wire.repliesDropped() - dropped).toBe(1);
    expect((await ground.charges('ekycpro')) - before).toBe(1);
    expect(await storedOf(jobId)).toEqual({
      outcomes,
      // What was reserved for an attempt that was not sent is released.
      ledger: outcomes.flatMap((outcome) =>
        outcome === 'accepted' ? ['reserve', 'commit'] : ['reserve', 'release'],
      ),
      rows: numbers,
      distinct: numbers,
      ok: true,
    });
    // It was stored, and is known to be: no person is called for it.
    expect(worker.said('attempt.answer_lost')).toBe(false);
    expect(worker.hasEnded()).toBe(false);
  },
);

async function storedOf(jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query(
    `SELECT (SELECT array_agg(a.outcome ORDER BY a.attempt_no) FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id WHERE c.job_no = j.job_no) AS outcomes,
            (SELECT array_agg(l.entry ORDER BY a.attempt_no, l.entry DESC) FROM store.ledger l JOIN store.attempts a ON a.id = l.attempt_id
              WHERE l.job_no = j.job_no AND l.entry NOT LIKE 'provider%') AS ledger,
            (SELECT count(*)::int FROM rollcall.results r WHERE r.job_id = j.id) AS rows,
            (SELECT count(DISTINCT number)::int FROM rollcall.results r WHERE r.job_id = j.id) AS distinct,
            (SELECT ok FROM rollcall.audit(j.id)) AS ok
       FROM store.jobs j WHERE j.id = $1`,
    [jobId],
  );
  return rows[0];
}
