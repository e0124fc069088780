import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, past_ms } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import { person } from '../testing/held-chunks.ts';
import {
  archive,
  claim,
  finish,
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
import { cancelJob, changeJob, pauseJob, resumeJob } from './control-job.ts';
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
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({
      kind: 'cancelling',
      cancelledChunks: 1,
      closing: { kind: 'closed', state: 'cancelled' },
      cancellation: { chunks_cancelled: 1, numbers_cancelled: 5, numbers_in_flight: 0 },
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
    await ground.db.transaction('test', (tx) => blockChunk(tx, blocked, 0, 'breaker', null));
    await untilResult(ground, ingesting);
    const ingest = await startIngest(ground, ingesting);
    await submit(ground, polling);
    await settle(ground, await claim(ground, held), lost, heldUnknown);
    const first = await cancelJob(ground.db, 1, jobId);
    expect(first).toEqual({
      kind: 'cancelling',
      changed: true,
      cancelledChunks: 2,
      closing: { kind: 'open' },
      cancellation: {
        check_name: 'telegram',
        account: 'acme',
        currency: 'USD',
        chunks_cancelled: 2,
        numbers_cancelled: 4,
        numbers_in_flight: 6,
        numbers_answered: 0,
        paid: '0.008000000',
        may_still_be_charged: '0.004000000',
        at_risk: '0',
        written_off: '0',
      },
    });
    // Again, while it is cancelling: the same, and nothing more is cancelled.
    expect(await cancelJob(ground.db, 1, jobId)).toEqual({
      ...first,
      changed: false,
      cancelledChunks: 0,
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
    // The word of the person who gave the unknown one up: its money is at risk, and in no other place.
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({
      cancelledChunks: 0,
      cancellation: {
        numbers_cancelled: 4,
        numbers_in_flight: 0,
        numbers_answered: 6,
        paid: '0.008000000',
        may_still_be_charged: '0',
        at_risk: '0.004000000',
      },
    });
  });

  test('is for its own tenant, and for a job that is open', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    expect(await cancelJob(ground.db, 2, jobId)).toEqual({ kind: 'not_found' });
    expect(await cancelJob(ground.db, 1, 'job_none')).toEqual({ kind: 'not_found' });
    await finish(ground, chunkId);
    expect(await cancelJob(ground.db, 1, jobId)).toEqual({ kind: 'closed', state: 'completed' });
  });

  test('by two at the same time cancels each chunk once', async () => {
    const jobId = await receive(ground, someNumbers(40));
    await plan(
      ground,
      jobId,
      Array.from({ length: 20 }, () => ({ size: 2 })),
    );
    const both = await Promise.all([
      cancelJob(ground.db, 1, jobId),
      cancelJob(ground.db, 1, jobId),
    ]);
    const counts = both.map((each) => (each.kind === 'cancelling' ? each.cancelledChunks : null));
    expect(new Set(counts)).toEqual(new Set([0, 20]));
    expect(await jobRow(jobId)).toMatchObject({ state: 'cancelled', cancelled: 40, pending: 0 });
  });

  test('against claims leaves each chunk either cancelled or sent, and never both or neither', async () => {
    const jobId = await receive(ground, someNumbers(40));
    const chunkIds = await plan(
      ground,
      jobId,
      Array.from({ length: 20 }, () => ({ size: 2 })),
    );
    const claims = chunkIds.map((chunkId) => claim(ground, chunkId).catch(() => null));
    const [cancelled, ...claimed] = await Promise.all([cancelJob(ground.db, 1, jobId), ...claims]);
    const sent = claimed.filter((each) => each !== null);
    expect(cancelled).toMatchObject({
      kind: 'cancelling',
      cancelledChunks: 20 - sent.length,
      cancellation: {
        numbers_cancelled: 2 * (20 - sent.length),
        numbers_in_flight: 2 * sent.length,
      },
    });
    for (const chunk of sent) {
      expect(
        await settle(ground, chunk, acceptance(`race-${chunk.chunkId}`), accepted),
      ).toMatchObject({ state: 'polling' });
    }
    const { rows } = await ground.db.query<{ state: string; chunks: number }>(
      `SELECT c.state, count(*) AS chunks FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
        WHERE j.id = $1 GROUP BY c.state`,
      [jobId],
    );
    const states = Object.fromEntries(rows.map(({ state, chunks }) => [state, chunks]));
    expect((states['cancelled'] ?? 0) + (states['polling'] ?? 0)).toBe(20);
    expect(states['polling'] ?? 0).toBe(sent.length);
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
  const done = (changed: boolean) => ({ kind: 'controlled', changed, account: 'acme' });

  test('are for the job’s own tenant, and change nothing the second time', async () => {
    const { jobId } = await readyChunk(ground);
    expect(await pauseJob(ground.db, 2, jobId)).toEqual({ kind: 'not_found' });
    expect(await pauseJob(ground.db, 1, jobId)).toEqual(done(true));
    expect(await pauseJob(ground.db, 1, jobId)).toEqual(done(false));
    expect(await resumeJob(ground.db, 2, jobId)).toEqual({ kind: 'not_found' });
    expect(await resumeJob(ground.db, 1, jobId)).toEqual(done(true));
    expect(await resumeJob(ground.db, 1, jobId)).toEqual(done(false));
  });

  test('wait until the job is cut, and come too late once it is cancelled or closed', async () => {
    const planning = await receive(ground, someNumbers(2));
    const { jobId, chunkId } = await readyChunk(ground);
    await claim(ground, chunkId);
    const closed = await receive(ground, someNumbers(2));
    await cancelJob(ground.db, 1, closed);
    await cancelJob(ground.db, 1, jobId);
    for (const act of [pauseJob, resumeJob]) {
      expect(await act(ground.db, 1, planning)).toEqual({ kind: 'not_now', state: 'planning' });
      expect(await act(ground.db, 1, jobId)).toEqual({ kind: 'not_now', state: 'cancelling' });
      expect(await act(ground.db, 1, closed)).toEqual({ kind: 'closed', state: 'cancelled' });
    }
  });

  test('resuming has the sweep ring at once for what was rung for while it was paused', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await pauseJob(ground.db, 1, jobId);
    await ground.db.query('UPDATE store.chunks SET rung_at = now() WHERE id = $1', [chunkId]);
    await resumeJob(ground.db, 1, jobId);
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'ready', rung_at: null });
  });

  test('resuming does not wait for a file that is being written', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await untilResult(ground, chunkId);
    await pauseJob(ground.db, 1, jobId);
    await ground.db.transaction('test', async (tx) => {
      // As publishing does, which goes on to the job's row.
      await tx.query('SELECT FROM store.chunks WHERE id = $1 FOR UPDATE', [chunkId]);
      expect(await resumeJob(ground.db, 1, jobId)).toEqual(done(true));
    });
  });

  test('resuming lets go what a rejected canary had stopped, in a running job too', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', (tx) =>
      blockChunk(tx, chunkId, 0, 'canary_rejected', null),
    );
    expect(await resumeJob(ground.db, 1, jobId)).toEqual(done(true));
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'ready' });
  });
});

describe('changing a job', () => {
  test('has what waited for a higher ceiling looked at again', async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 0, 'job_ceiling', null));
    expect(
      await changeJob(ground.db, 1, jobId, { maxCost: 5_000_000_000n as Money }),
    ).toMatchObject({ changed: true });
    const { due_at: dueAt } = await chunkRow(ground, chunkId);
    expect((dueAt as Date).getTime()).toBeGreaterThan(past_ms);
    expect(await jobRow(jobId)).toMatchObject({ max_cost: '5.000000000' });
  });

  test('leaves alone what is not named, and removes what is null', async () => {
    const { jobId } = await readyChunk(ground);
    const maxCost = 5_000_000_000n as Money;
    await changeJob(ground.db, 1, jobId, { maxCost, priority: 7, name: 'spring' });
    expect(await changeJob(ground.db, 1, jobId, {})).toMatchObject({ changed: false });
    expect(await changeJob(ground.db, 1, jobId, { priority: 7 })).toMatchObject({ changed: false });
    expect(await jobRow(jobId)).toMatchObject({ max_cost: '5.000000000', name: 'spring' });
    await changeJob(ground.db, 1, jobId, { maxCost: null, name: null });
    expect(await jobRow(jobId)).toMatchObject({ max_cost: null, name: null });
    expect(
      await row(ground, 'SELECT priority FROM store.jobs WHERE id = $1', [jobId]),
    ).toMatchObject({ priority: 7 });
  });

  test('is for the job’s own tenant, and not for a job that has closed', async () => {
    const { jobId } = await readyChunk(ground);
    expect(await changeJob(ground.db, 2, jobId, { priority: 1 })).toEqual({ kind: 'not_found' });
    await cancelJob(ground.db, 1, jobId);
    expect(await changeJob(ground.db, 1, jobId, { priority: 1 })).toEqual({
      kind: 'closed',
      state: 'cancelled',
    });
  });
});
