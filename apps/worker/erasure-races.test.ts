import { randomBytes } from 'node:crypto';
import { type CommitName } from '@rollcall/crash-points';
import { openIntake, readErasure, suppressionCheck } from '@rollcall/db';
import { makeId } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { erase } from './sweeps/erase.ts';
import { type Ground, layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { askToErase, eraseNumber } from './testing/erase-number.ts';
import { findNumber } from './testing/find-number.ts';
import { waitFor } from '@rollcall/testing';

// A number that is erased between two steps of a worker, which goes on with what it knew before.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

const never = new AbortController().signal;

/** A worker to which something happens right before it begins this transaction, once. */
function struckBefore(commit: CommitName, strike: () => Promise<unknown>): Ground['equipment'] {
  const { equipment } = ground;
  let isStruck = false;
  const db = new Proxy(equipment.db, {
    get(target, name, receiver) {
      if (name !== 'transaction') return Reflect.get(target, name, receiver) as unknown;
      return async (asked: never, work: never) => {
        if (asked === commit && !isStruck) {
          isStruck = true;
          await strike();
        }
        return target.transaction(asked, work);
      };
    },
  });
  return { ...equipment, db };
}

async function audited(jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query('SELECT ok, erased, pending FROM rollcall.audit($1)', [
    jobId,
  ]);
  return rows[0];
}

async function readyToIngest(numbers: readonly number[]) {
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const [chunk] = await ground.chunks(jobId);
  const chunkId = String(chunk?.['id']);
  await submitChunk(ground.equipment, chunkId, never);
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      await pollAccount(ground.equipment, String(chunk?.['account']), never);
      return (await ground.chunks(jobId))[0]?.['state'] === 'result_ready';
    },
    { describe: 'a result' },
  );
  return { jobId, chunkId };
}

test('a file that was being downloaded is kept, belongs to nobody, and is written anew too', async () => {
  const numbers = ground.fresh(25);
  const number = numbers[4] ?? 0;
  const { jobId, chunkId } = await readyToIngest(numbers);
  const worker = struckBefore('ingest.archive', () =>
    eraseNumber(ground.db, ground.equipment, number),
  );
  expect(await ingestChunk(worker, chunkId, never)).toEqual({ stale: 1 });
  // The erasure was done before there was this file.
  expect(await findNumber(ground.db, number)).toHaveLength(1);
  await answerAll(ground, jobId);
  await erase(ground.equipment);
  expect(await findNumber(ground.db, number)).toEqual([]);
  expect(await audited(jobId)).toEqual({ ok: true, erased: 1, pending: 0 });
  const { rows } = await ground.db.query<{ id: string }>('SELECT id FROM store.erasures');
  const receipt = await readErasure(ground.db, 1, rows[0]?.id ?? '');
  expect(receipt?.files.map(({ kind }) => kind)).toEqual(['artifact', 'artifact', 'upload']);
});

test('a number that is erased between the claim of its chunk and the first byte is not sent, and not paid for', async () => {
  const numbers = ground.fresh(25);
  const number = numbers[4] ?? 0;
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const [chunk] = await ground.chunks(jobId);
  const worker = struckBefore('lease.extend', () =>
    eraseNumber(ground.db, ground.equipment, number),
  );
  await submitChunk(worker, String(chunk?.['id']), never);
  expect(await ground.chunks(jobId)).toMatchObject([
    { state: 'ready', attempt_outcome: 'not_sent', outcome_reason: 'list_changed' },
  ]);
  await answerAll(ground, jobId);
  expect(await findNumber(ground.db, number)).toEqual([]);
  expect(await audited(jobId)).toEqual({ ok: true, erased: 1, pending: 0 });
  const { rows } = await ground.db.query(
    `SELECT a.outcome, a.numbers, a.sent_sha256 IS NOT NULL AS is_hashed, a.left_out, sum(l.amount) FILTER (WHERE l.entry = 'commit') > 0 AS is_paid
       FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no
       LEFT JOIN store.ledger l ON l.attempt_id = a.id WHERE j.id = $1 GROUP BY a.id ORDER BY a.attempt_no`,
    [jobId],
  );
  expect(rows).toEqual([
    { outcome: 'not_sent', numbers: 25, is_hashed: false, left_out: {}, is_paid: null },
    { outcome: 'accepted', numbers: 24, is_hashed: true, left_out: { erased: 1 }, is_paid: true },
  ]);
});

test('an upload that was being read while a number of it was erased does not bring it back', async () => {
  const { db, equipment } = ground;
  const numbers = ground.fresh(25);
  const number = numbers[3] ?? 0;
  const intake = await openIntake(db, 1, 600_000);
  // The API has held it to the list before there was the number on it.
  const suppression = await suppressionCheck(testDigests).find(db, 1, [Float64Array.from(numbers)]);
  const id = await askToErase(db, number);
  const others = `SELECT FROM store.erasures WHERE id = $1 AND pg_snapshot_xmin(pg_current_snapshot()) > seen_in`;
  await waitFor(
    async () => {
      expect(await erase(equipment)).toMatchObject({ erased: 0, waiting: 0 });
      return (await db.query(others, [id])).rowCount === 1;
    },
    { timeoutMs: 60_000, describe: 'nobody but the upload to be left' },
  );
  expect(await erase(equipment)).toMatchObject({ erased: 0, waiting: 0 });
  const job = await ground.enqueue('telegram', numbers, { intake, suppression });
  await planJob(equipment, job);
  expect(await eraseNumber(db, equipment, number)).toBe(id);
  expect(await findNumber(db, number)).toEqual([]);
  await answerAll(ground, job);
  expect(await findNumber(db, number)).toEqual([]);
  expect(await audited(job)).toEqual({ ok: true, erased: 1, pending: 0 });
  expect((await readErasure(db, 1, id))?.files).toContainEqual(
    expect.objectContaining({ file: job, kind: 'upload' }),
  );
});

test('the words of a job that a retry copies while they are erased are erased in the retry too', async () => {
  const { db } = ground;
  const [number = 0, ...others] = ground.fresh(25);
  const jobId = await ground.enqueue('telegram', others);
  await answerAll(ground, jobId);
  await db.transaction('test', (tx) =>
    tx.query('UPDATE store.jobs SET purpose = $2 WHERE id = $1', [jobId, `asked by +${number}`]),
  );
  const purposes = async () =>
    (
      await db.query<{ purpose: string }>(
        'SELECT purpose FROM store.jobs WHERE id = $1 OR retry_of = $1',
        [jobId],
      )
    ).rows.map(({ purpose }) => purpose);
  let copying: Promise<unknown> | undefined;
  let isCopied = false;
  const worker = struckBefore('sweep.erase_from_rows', () => {
    // As a retry does; it commits once the worker has been through the jobs.
    copying = db.transaction('test', async (tx) => {
      await tx.query(
        `INSERT INTO store.jobs (id, tenant_id, check_name, account, purpose, requested_by, currency, retry_of, retry_root)
         SELECT $2, tenant_id, check_name, account, purpose, requested_by, currency, id, id FROM store.jobs WHERE id = $1`,
        [jobId, makeId('job', Date.now(), randomBytes(10))],
      );
      isCopied = true;
      await waitFor(async () => !(await purposes()).some((text) => text.includes(`${number}`)), {
        describe: 'the words of the first job to be erased',
      });
    });
    return waitFor(() => isCopied, { describe: 'a copy' });
  });
  await eraseNumber(db, worker, number);
  await copying;
  expect(await purposes()).toEqual(['asked by +[erased]', 'asked by +[erased]']);
});

test('a worker that dies after each step of an erasure leaves the rest of it to the next', async () => {
  const numbers = ground.fresh(25);
  const number = numbers[4] ?? 0;
  const jobId = await ground.enqueue('telegram', numbers, { upload: `+${number}` });
  await answerAll(ground, jobId);
  const { equipment } = ground;
  const dies = new Error('the worker died');
  const steps = [
    'sweep.claim_erasure',
    'sweep.erase_from_job',
    'sweep.erase_from_rows',
    'sweep.replace_file',
    'sweep.pass_file',
  ] as const;
  for (const step of steps) {
    const db = new Proxy(equipment.db, {
      get(target, name, receiver) {
        if (name !== 'transaction') return Reflect.get(target, name, receiver) as unknown;
        return async (asked: never, work: never) => {
          const done: unknown = await target.transaction(asked, work);
          if (asked === step) throw dies;
          return done;
        };
      },
    });
    const died = await eraseNumber(ground.db, { ...equipment, db }, number).catch(
      (error: unknown) => error,
    );
    // A file that fails is tried again, and is found to be written anew.
    if (step !== 'sweep.replace_file') expect(died).toBe(dies);
  }
  await eraseNumber(ground.db, equipment, number);
  expect(await findNumber(ground.db, number)).toEqual([]);
  expect(await audited(jobId)).toEqual({ ok: true, erased: 1, pending: 0 });
  // One receipt for all of it, and nothing counted twice.
  const { rows } = await ground.db.query(
    `SELECT e.removed->'job_numbers' AS jobs, (SELECT count(*) FROM store.erased_files f WHERE f.erasure_id = e.id) AS files
       FROM store.erasures e WHERE EXISTS (SELECT FROM store.erased_numbers n JOIN store.jobs j ON j.job_no = n.job_no
                                            WHERE n.erasure_id = e.id AND j.id = $1)`,
    [jobId],
  );
  expect(rows).toEqual([{ jobs: 1, files: 2 }]);
});
