import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, past_ms } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import { person } from '../testing/held-chunks.ts';
import {
  archive,
  claim,
  plan,
  publish,
  readyChunk,
  receive,
  settle,
  someNumbers,
  startIngest,
  submit,
  untilResult,
} from '../testing/walk-chunk.ts';
import { blockChunk } from './claim-submit.ts';
import { cancelJob, pauseJob, resumeJob, setMaxCost } from './control-job.ts';
import { giveUp } from './decide-held.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const jobRow = async (jobId: string) =>
  row(ground, 'SELECT * FROM rollcall.jobs WHERE job_id = $1', [jobId]);

describe('cancelling', () => {
  test('a job that was never cut ends all its numbers as cancelled, at once', async () => {
    const jobId = await receive(ground, someNumbers(5));
    expect(await cancelJob(ground.db, 1, jobId)).toEqual({
      kind: 'cancelling',
      cancelledChunks: 1,
      closing: { kind: 'closed', state: 'cancelled' },
    });
    expect(await jobRow(jobId)).toMatchObject({ state: 'cancelled', cancelled: 5, pending: 0 });
  });

  test('a job of no numbers closes', async () => {
    const jobId = await receive(ground, someNumbers(0));
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({ closing: { kind: 'closed' } });
  });

  test('ends what was not sent, and waits for what was: that is paid for', async () => {
    const jobId = await receive(ground, someNumbers(10));
    const sizes = Array.from({ length: 5 }, () => ({ size: 2 }));
    const [ready = '', blocked = '', polling = '', held = '', ingesting = ''] = await plan(
      ground,
      jobId,
      sizes,
    );
    await blockChunk(ground.db, blocked, 0, 'breaker', null);
    await untilResult(ground, ingesting);
    const ingest = await startIngest(ground, ingesting);
    await submit(ground, polling);
    await settle(ground, await claim(ground, held), lost, heldUnknown);
    expect(await cancelJob(ground.db, 1, jobId)).toEqual({
      kind: 'cancelling',
      cancelledChunks: 2,
      closing: { kind: 'open' },
    });
    for (const [chunk, state] of [
      [ready, 'cancelled'],
      [blocked, 'cancelled'],
      [polling, 'polling'],
      [held, 'held'],
      [ingesting, 'ingesting'],
    ] as const) {
      expect(await chunkRow(ground, chunk)).toMatchObject({ state });
    }
    expect(await jobRow(jobId)).toMatchObject({ state: 'cancelling', cancelled: 4, pending: 6 });
    const artifact = await archive(ground, ingest);
    expect(await publish(ground, ingest, artifact.id)).toMatchObject({ closing: { kind: 'open' } });
    expect(await giveUp(ground.db, held, person)).toMatchObject({ closing: { kind: 'open' } });
    await ground.db.query(
      "UPDATE store.chunks SET state = 'held', reason = 'poll', due_at = NULL WHERE id = $1",
      [polling],
    );
    expect(await giveUp(ground.db, polling, person)).toMatchObject({
      closing: { kind: 'closed', state: 'cancelled' },
    });
    expect(await jobRow(jobId)).toMatchObject({
      registered: 2,
      failed: 4,
      cancelled: 4,
      pending: 0,
    });
  });

  test('is for its own tenant, for a job that is open, and once', async () => {
    const { jobId } = await readyChunk(ground);
    expect(await cancelJob(ground.db, 2, jobId)).toEqual({ kind: 'not_open' });
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({ kind: 'cancelling' });
    expect(await cancelJob(ground.db, 1, jobId)).toEqual({ kind: 'not_open' });
    expect(await cancelJob(ground.db, 1, 'job_none')).toEqual({ kind: 'not_open' });
  });

  test('while its chunk is accepted lets the acceptance stand', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    const chunk = await claim(ground, chunkId);
    await cancelJob(ground.db, 1, jobId);
    expect(await settle(ground, chunk, acceptance(`cancel-${chunkId}`), accepted)).toMatchObject({
      state: 'polling',
    });
  });
});

describe('pausing and resuming', () => {
  test('are compare-and-set, and for the job’s own tenant', async () => {
    const { jobId } = await readyChunk(ground);
    expect(await pauseJob(ground.db, 2, jobId)).toBe(false);
    expect(await pauseJob(ground.db, 1, jobId)).toBe(true);
    expect(await pauseJob(ground.db, 1, jobId)).toBe(false);
    expect(await resumeJob(ground.db, 2, jobId)).toBe(false);
    expect(await resumeJob(ground.db, 1, jobId)).toBe(true);
    await cancelJob(ground.db, 1, jobId);
    expect(await resumeJob(ground.db, 1, jobId)).toBe(false);
  });

  test('resuming lets go what a rejected canary had stopped, in a running job too', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await blockChunk(ground.db, chunkId, 0, 'canary_rejected', null);
    expect(await resumeJob(ground.db, 1, jobId)).toBe(true);
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'ready' });
  });
});

describe('changing the most that a job may cost', () => {
  test('has what it had blocked looked at again', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await blockChunk(ground.db, chunkId, 0, 'job_ceiling', null);
    expect(await setMaxCost(ground.db, 1, jobId, 5_000_000_000n as Money)).toBe(true);
    const { due_at: dueAt } = await chunkRow(ground, chunkId);
    expect((dueAt as Date).getTime()).toBeGreaterThan(past_ms);
    expect(await jobRow(jobId)).toMatchObject({ max_cost: '5.000000000' });
  });

  test('is for the job’s own tenant, and not for a job that has closed', async () => {
    const { jobId } = await readyChunk(ground);
    expect(await setMaxCost(ground.db, 2, jobId, null)).toBe(false);
    await cancelJob(ground.db, 1, jobId);
    expect(await setMaxCost(ground.db, 1, jobId, null)).toBe(false);
  });
});
