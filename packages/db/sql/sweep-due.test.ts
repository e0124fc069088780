// Over 300 lines: all sweeps over one ground, since what one leaves to the others is most of what there is to see.
import { randomBytes } from 'node:crypto';
import { type ChunkId, makeId } from '@rollcall/domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { account, chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import { person } from '../testing/held-chunks.ts';
import {
  claim,
  claimPoll,
  finish,
  plan,
  receive,
  someNumbers,
  startIngest,
  submit,
  untilResult,
} from '../testing/walk-chunk.ts';
import { askReplay } from './ask-replay.ts';
import { blockChunk } from './claim-submit.ts';
import { cancelJob, pauseJob, resumeJob } from './control-job.ts';
import { dueWork } from './due-work.ts';
import { analyseResults, dueDoorbells, expireLeases, prune, sweepAlone } from './sweep-due.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());
// Nothing of one test is due in the next.
afterEach(async () => {
  await ground.db.query('UPDATE store.jobs SET due_at = NULL');
  await ground.db.query("UPDATE store.chunks SET due_at = 'infinity' WHERE due_at IS NOT NULL");
});

const minute_ms = 60_000;
const ring = async (again_ms = minute_ms, slots = 100) =>
  ground.db.transaction('test', (tx) => dueDoorbells(tx, again_ms, new Map([[account.id, slots]])));

async function job(sizes: number[], priority = 0) {
  const jobId = await receive(ground, someNumbers(sizes.reduce((sum, size) => sum + size, 0)), {
    priority,
  });
  const chunks = await plan(
    ground,
    jobId,
    sizes.map((size) => ({ size })),
  );
  return { jobId, chunks };
}

describe('dueDoorbells', () => {
  test('rings for a job that was received, once within the time', async () => {
    const jobId = await receive(ground, someNumbers(1));
    // receiveJob counted its own ring just now.
    expect(await ring()).toEqual([]);
    await ground.db.query('UPDATE store.jobs SET rung_at = NULL WHERE id = $1', [jobId]);
    expect(await ring()).toEqual([{ stage: 'plan', jobId, ring: 2 }]);
    expect(await ring()).toEqual([]);
    expect(await ring(0)).toEqual([{ stage: 'plan', jobId, ring: 3 }]);
  });

  test('rings for as many ready chunks as the account has slots free, and others the next time', async () => {
    const { chunks } = await job([1, 1, 1, 1, 1]);
    const targets = async () =>
      (await ring(minute_ms, 2)).map((bell) => (bell.stage === 'submit' ? bell.chunkId : null));
    expect(await targets()).toEqual([chunks[0], chunks[1]]);
    await claim(ground, chunks[0] ?? '');
    expect(await targets()).toEqual([chunks[2]]);
    await claim(ground, chunks[1] ?? '');
    expect(await targets()).toEqual([]);
  });

  test('does not ring for uploads of a paused job, but for its results', async () => {
    const { jobId, chunks } = await job([1, 1, 1]);
    const [first = '', second = ''] = chunks;
    await untilResult(ground, first);
    await ground.db.query('UPDATE store.chunks SET rung_at = NULL');
    await submit(ground, second);
    await pauseJob(ground.db, 1, jobId);
    const rung = await ring(0);
    expect(rung.map(({ stage }) => stage).toSorted()).toEqual(['ingest', 'poll']);
    await resumeJob(ground.db, 1, jobId);
    expect((await ring(0)).map(({ stage }) => stage).toSorted()).toEqual([
      'ingest',
      'poll',
      'submit',
    ]);
  });

  test('rings for a blocked chunk when its time has come, and never for one without a time', async () => {
    const { chunks } = await job([1, 1, 1]);
    const [over = '', ahead = '', never = ''] = chunks;
    await ground.db.transaction('test', (tx) =>
      blockChunk(tx, over, 0, 'breaker', Date.now() - minute_ms),
    );
    await ground.db.transaction('test', (tx) =>
      blockChunk(tx, ahead, 0, 'breaker', Date.now() + minute_ms),
    );
    await ground.db.transaction('test', (tx) => blockChunk(tx, never, 0, 'canary', null));
    expect(await ring()).toEqual([
      { stage: 'submit', chunkId: over, account: account.id, ring: 1 },
    ]);
  });

  test('rings once for all tasks of an account that are due', async () => {
    const { chunks } = await job([1, 1, 1]);
    for (const chunk of chunks) await submit(ground, chunk);
    await ground.db.query('UPDATE store.account_states SET poll_rung_at = NULL');
    const polls = (await ring()).filter(({ stage }) => stage === 'poll');
    expect(polls).toEqual([
      { stage: 'poll', account: account.id, ring: expect.any(Number) as number },
    ]);
    for (const chunk of chunks.slice(0, 1)) await claimPoll(ground, chunk);
    await ground.db.query('UPDATE store.account_states SET poll_rung_at = NULL');
    expect((await ring()).filter(({ stage }) => stage === 'poll')).toEqual([]);
  });

  test('numbers every ring of a chunk, so that no doorbell has the id of another', async () => {
    const { chunks } = await job([1]);
    const rings: number[] = [];
    for (let round = 0; round < 3; round += 1)
      rings.push(...(await ring(0)).map((bell) => bell.ring));
    expect(rings).toEqual([1, 2, 3]);
    expect(await chunkRow(ground, chunks[0] ?? '')).toMatchObject({ ring_no: 3 });
  });

  test('rings for a job that nobody closed after its last chunk', async () => {
    const { jobId } = await job([1]);
    await cancelJob(ground.db, 1, jobId);
    const forgotten = await job([1]);
    await ground.db.query('UPDATE store.jobs SET open_chunks = 0, rung_at = NULL WHERE id = $1', [
      forgotten.jobId,
    ]);
    expect((await ring()).filter(({ stage }) => stage === 'plan')).toEqual([
      { stage: 'plan', jobId: forgotten.jobId, ring: 2 },
    ]);
    await ground.db.query('UPDATE store.jobs SET open_chunks = 1 WHERE id = $1', [forgotten.jobId]);
  });

  test('lets a job whose sums did not hold be until its minute is over', async () => {
    const { jobId, chunks } = await job([2]);
    const accept = (numbers: number) =>
      ground.db.query('UPDATE store.jobs SET accepted = $2, lines = $2 WHERE id = $1', [
        jobId,
        numbers,
      ]);
    await accept(3);
    const published = await finish(ground, chunks[0] ?? '');
    expect(published).toMatchObject({ closing: { kind: 'audit_failed' } });
    const isDue = async () => (await dueWork(ground.db)).some(({ stage }) => stage === 'plan');
    const isRung = async () => (await ring(0)).some(({ stage }) => stage === 'plan');
    expect([await isRung(), await isDue()]).toEqual([false, false]);
    await ground.db.query('UPDATE store.jobs SET due_at = now() WHERE id = $1', [jobId]);
    expect([await isRung(), await isDue()]).toEqual([true, true]);
    await ground.db.query(
      "UPDATE store.jobs SET state = 'completed', finished_at = now() WHERE id = $1",
      [jobId],
    );
  });

  test('rings for a replay that waits, which is due work of whoever ingests', async () => {
    const { chunks } = await job([1]);
    const [chunkId = ''] = chunks;
    await finish(ground, chunkId);
    const id = makeId('replay', Date.now(), randomBytes(10));
    const wish = { id, chunkId: chunkId as ChunkId, apply: false, by: person };
    expect(await askReplay(ground.db, wish)).toMatchObject({ kind: 'asked' });
    expect(await dueWork(ground.db)).toEqual([{ stage: 'ingest', account: account.id }]);
    expect(await ring(0)).toMatchObject([{ stage: 'ingest', chunkId }]);
    await ground.db.query(
      "UPDATE store.replays SET state = 'failed', failure = 'chunk_changed', due_at = NULL, finished_at = now()",
    );
    expect(await dueWork(ground.db)).toEqual([]);
  });
});

// Waiting would end at the time-out of locks, five times over: longer than a test may take.
test('what somebody else has locked is not waited for: it is rung for the next time', async () => {
  const { jobId, chunks } = await job([1, 1, 1]);
  const [locked = '', free = '', polled = ''] = chunks;
  await submit(ground, polled);
  const toPlan = await receive(ground, someNumbers(1));
  await ground.db.query('UPDATE store.jobs SET rung_at = NULL WHERE id = $1', [toPlan]);
  await ground.db.query('UPDATE store.account_states SET poll_rung_at = NULL');
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.jobs WHERE id = $1 FOR UPDATE', [toPlan]);
    await tx.query('SELECT FROM store.chunks WHERE id = $1 FOR UPDATE', [locked]);
    await tx.query('SELECT FROM store.account_states FOR UPDATE');
    expect(await ring()).toEqual([
      { stage: 'submit', chunkId: free, account: account.id, ring: 1 },
    ]);
  });
  const rest = await ring();
  expect(rest.map(({ stage }) => stage).toSorted()).toEqual(['plan', 'poll', 'submit']);
  expect(rest).toContainEqual({ stage: 'submit', chunkId: locked, account: account.id, ring: 1 });
  await cancelJob(ground.db, 1, jobId);
});

describe('expireLeases', () => {
  test('ends only leases that ran out, each once', async () => {
    const { chunks } = await job([1, 1, 1, 1]);
    const [dead = '', alive = '', deadIngest = '', aliveIngest = ''] = chunks;
    await untilResult(ground, deadIngest);
    await untilResult(ground, aliveIngest);
    const attempt = await claim(ground, dead, { lease_ms: 0 });
    await claim(ground, alive);
    const ingest = await startIngest(ground, deadIngest, 0);
    await startIngest(ground, aliveIngest);
    const expired = await ground.db.transaction('test', expireLeases);
    expect(expired.held.map(({ chunkId }) => chunkId)).toEqual([dead]);
    expect(expired.ingests).toBe(1);
    expect(await chunkRow(ground, dead)).toMatchObject({
      state: 'held',
      reason: 'unknown',
      held_detail: 'worker_died',
      fence: attempt.fence + 1,
    });
    expect(await chunkRow(ground, deadIngest)).toMatchObject({
      state: 'result_ready',
      ingest_tries: 1,
      fence: ingest.fence + 1,
    });
    expect(await chunkRow(ground, alive)).toMatchObject({ state: 'submitting' });
    expect(await chunkRow(ground, aliveIngest)).toMatchObject({ state: 'ingesting' });
    expect(await ground.db.transaction('test', expireLeases)).toEqual({ held: [], ingests: 0 });
  });

  test('leaves an account that is being claimed for, which would not see what is given up beside it, to the next sweep', async () => {
    const { chunks } = await job([1]);
    const [dead = ''] = chunks;
    await claim(ground, dead, { lease_ms: 0 });
    await ground.db.transaction('test', async (claiming) => {
      await claiming.query(
        'SELECT FROM store.account_states WHERE account = (SELECT account FROM store.chunks WHERE id = $1) FOR UPDATE',
        [dead],
      );
      expect(await ground.db.transaction('test', expireLeases)).toEqual({ held: [], ingests: 0 });
    });
    const expired = await ground.db.transaction('test', expireLeases);
    expect(expired.held.map(({ chunkId }) => chunkId)).toEqual([dead]);
  });
});

test('one process sweeps at a time, and the others go on without waiting', async () => {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let begun = () => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const first = sweepAlone(ground.db, 'rescue', async () => {
    begun();
    await gate;
    return 'swept';
  });
  await hasBegun;
  expect(await sweepAlone(ground.db, 'rescue', async () => 'swept too')).toBeNull();
  letGo();
  expect(await first).toBe('swept');
  expect(await sweepAlone(ground.db, 'rescue', async () => 'swept after')).toBe('swept after');
});

describe('prune', () => {
  test('forgets idempotency keys after a month, and no earlier', async () => {
    const jobId = await receive(ground, someNumbers(1));
    const insert = `INSERT INTO store.idempotency_keys (tenant_id, key, fingerprint, job_id, created_at)
                    VALUES (1, $1, '\\x00', $2, now() - $3::interval)`;
    await ground.db.query(insert, ['old', jobId, '32 days']);
    await ground.db.query(insert, ['young', jobId, '30 days']);
    expect(await ground.db.transaction('test', prune)).toMatchObject({ idempotencyKeys: 1 });
    expect(await row(ground, 'SELECT array_agg(key) AS keys FROM store.idempotency_keys')).toEqual({
      keys: ['young'],
    });
  });

  test('has next month’s partitions there before the month begins', async () => {
    await ground.db.transaction('test', prune);
    const { rows } = await ground.db.query<{ missing: string }>(
      `SELECT p.relname || to_char(month, '_YYYYMM') AS missing
         FROM pg_class p CROSS JOIN unnest(ARRAY[now() AT TIME ZONE 'UTC', (now() AT TIME ZONE 'UTC') + interval '1 month']) AS month
        WHERE p.relkind = 'p' AND p.relnamespace = 'store'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = p.oid AND i.inhrelid = to_regclass('store.' || p.relname || to_char(month, '_YYYYMM')))`,
    );
    expect(rows).toEqual([]);
    await ground.db.query(
      `INSERT INTO store.results (job_day, tenant_id, job_no, chunk_no, number, outcome)
       VALUES ((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date, 1, 1, 1, 447911123456, 'registered')`,
    );
  });

  test('has kept sums counted anew by one of those who prune, once a day that begins at 3 h UTC', async () => {
    const { db } = ground;
    await db.query('DELETE FROM store.sums_audits');
    const asked = async () => (await db.transaction('test', prune)).isToAuditSums;
    expect(await asked()).toBe(true);
    expect(await asked()).toBe(false);
    expect(
      await row(
        ground,
        "SELECT day = (at AT TIME ZONE 'UTC' - interval '3 hours')::date AS is_of_its_day FROM store.sums_audits",
      ),
    ).toEqual({ is_of_its_day: true });
    // The next day, and when it is long ago.
    await db.query("UPDATE store.sums_audits SET day = day - 1, at = at - interval '1 day'");
    expect(await asked()).toBe(true);
    await db.query("UPDATE store.sums_audits SET at = at - interval '40 days'");
    expect(await asked()).toBe(true);
    expect(await row(ground, 'SELECT count(*) AS days FROM store.sums_audits')).toEqual({
      days: 1,
    });
  });

  test('makes a month’s partitions once, whoever asks at the same time', async () => {
    await Promise.all(
      Array.from({ length: 12 }, () => ground.db.query("SELECT store.ensure_month('2031-05-17')")),
    );
    const { rows } = await ground.db.query(
      `SELECT p.relname AS parent, c.relname AS child FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         JOIN pg_class p ON p.oid = i.inhparent WHERE c.relname LIKE '%\\_203105' AND c.relkind = 'r' ORDER BY 1`,
    );
    const partitioned = await ground.db.query(
      `SELECT relname AS parent FROM pg_class WHERE relkind = 'p' AND relnamespace = 'store'::regnamespace ORDER BY 1`,
    );
    const parents = rows.map(({ parent }) => parent as string);
    expect(parents).toEqual(partitioned.rows.map(({ parent }) => parent as string));
    expect(parents).toEqual(expect.arrayContaining(['blob_parts', 'job_numbers', 'results']));
    await ground.db.query(
      `INSERT INTO store.rejects (job_day, tenant_id, job_no, line_no, reason, raw) VALUES ('2031-05-31', 1, 1, 1, 'x', '')`,
    );
  });
});

test('the tables of results are analysed once a job has closed, and then not again for a while', async () => {
  const own = await layGround();
  try {
    const jobId = await receive(own, someNumbers(3));
    const [chunkId = ''] = await plan(own, jobId, [{ size: 3 }]);
    const analyse = () => own.db.transaction('test', analyseResults);
    expect(await analyse()).toBe(false);
    await finish(own, chunkId);
    expect(await analyse()).toBe(true);
    expect(
      await row(
        own,
        `SELECT reltuples::integer AS rows FROM pg_class WHERE oid = 'store.results'::regclass`,
      ),
    ).toEqual({ rows: 3 });
    expect(await analyse()).toBe(false);
    const next = await receive(own, someNumbers(1));
    const [second = ''] = await plan(own, next, [{ size: 1 }]);
    await finish(own, second);
    expect(await analyse()).toBe(false);
  } finally {
    await own.close();
  }
});
