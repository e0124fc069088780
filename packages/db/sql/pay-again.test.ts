import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, refused } from '../testing/answers.ts';
import { account, chunkRow, type Ground, layGround, placeOf, row } from '../testing/ground.ts';
import { approval, heldAsUnknown, heldByPoll, person } from '../testing/held-chunks.ts';
import {
  claim,
  finish,
  plan,
  readyChunk,
  receive,
  settle,
  someNumbers,
  submit,
} from '../testing/walk-chunk.ts';
import { sumCountedByCaps } from './caps.ts';
import { cancelJob } from './control-job.ts';
import { giveUp, payAgain } from './decide-held.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

describe('pay again', () => {
  test('writes the first payment off, keeps who allowed the next, and lets one upload through', async () => {
    const { chunkId, attemptId } = await heldAsUnknown(ground);
    const allowed = approval();
    expect(await payAgain(ground.db, chunkId, allowed, person)).toEqual({
      kind: 'decided',
      state: 'ready',
    });
    expect(await placeOf(ground, attemptId)).toBe('written_off');
    const second = await submit(ground, chunkId);
    expect(
      await row(
        ground,
        `SELECT a.attempt_no, p.id, p.approved_by, p.why, p.cost_ceiling FROM store.attempts a JOIN store.approvals p ON p.id = a.approval_id WHERE a.id = $1`,
        [second.attemptId],
      ),
    ).toEqual({
      attempt_no: 2,
      id: allowed.id,
      approved_by: person.decidedBy,
      why: person.why,
      cost_ceiling: '1.000000000',
    });
  });

  test('leaves what was written off counting against the caps, and takes off what was given back', async () => {
    const counted = async () => {
      const [sums] = await sumCountedByCaps(ground.db, [account.id]);
      expect(sums?.today).toBe(sums?.this_month);
      return Number(sums?.today);
    };
    const lostUpload = await heldAsUnknown(ground);
    const givenBack = await heldAsUnknown(ground);
    const before = await counted();
    await payAgain(ground.db, lostUpload.chunkId, approval(), person);
    expect(await counted()).toBe(before);
    await payAgain(ground.db, givenBack.chunkId, approval(1_000_000_000n, 'not_charged'), person);
    expect(await counted()).toBeLessThan(before);
    expect(await sumCountedByCaps(ground.db, [])).toEqual([]);
  });

  test('forgets what the task before it said', async () => {
    const { chunkId } = await heldByPoll(ground, 'upstream_failed');
    await payAgain(ground.db, chunkId, approval(), person);
    expect(await chunkRow(ground, chunkId)).toMatchObject({
      polls: 0,
      last_word: null,
      locator: null,
      accepted_at: null,
      poll_deadline_at: null,
      free_tries: 0,
    });
  });

  test('of money that the provider gave back costs the rows once', async () => {
    const { chunkId, attemptId } = await heldByPoll(ground, 'upstream_failed');
    expect(await placeOf(ground, attemptId)).toBe('committed');
    await payAgain(ground.db, chunkId, approval(1_000_000_000n, 'not_charged'), person);
    expect(await placeOf(ground, attemptId)).toBe('released');
    await finish(ground, chunkId);
    expect(await chunkRow(ground, chunkId)).toMatchObject({ cost_per_number: '0.002000000' });
  });

  test('of money that is lost costs the rows what the upload that answered cost; the lost one stands apart, however it was doubted', async () => {
    const failed = await heldByPoll(ground, 'upstream_failed');
    await payAgain(ground.db, failed.chunkId, approval(), person);
    const { jobId, chunkId } = await readyChunk(ground);
    const lostOne = await claim(ground, chunkId);
    await settle(ground, lostOne, lost, heldUnknown);
    await payAgain(ground.db, chunkId, approval(), person);
    await settle(ground, lostOne, acceptance('late'), accepted);
    for (const chunk of [failed, { jobId, chunkId }]) {
      await finish(ground, chunk.chunkId);
      expect(
        await row(
          ground,
          `SELECT cost, (SELECT sum(r.cost) FROM rollcall.results r WHERE r.job_id = j.job_id) AS of_rows,
                  (SELECT sum(m.amount) FROM store.attempt_money m WHERE m.place = 'written_off'
                      AND m.job_no = (SELECT job_no FROM store.jobs WHERE id = j.job_id)) AS written_off
             FROM rollcall.jobs j WHERE job_id = $1`,
          [chunk.jobId],
        ),
      ).toEqual({ cost: '0.006000000', written_off: '0.006000000', of_rows: '0.006000000' });
    }
  });

  test('says on cancelling what was lost, apart from what was paid', async () => {
    const jobId = await receive(ground, someNumbers(2));
    const [failed = ''] = await plan(ground, jobId, [{ size: 1 }, { size: 1 }]);
    await settle(ground, await claim(ground, failed), lost, heldUnknown);
    await payAgain(ground.db, failed, approval(), person);
    await submit(ground, failed);
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({
      cancellation: { paid: '0.002000000', written_off: '0.002000000', at_risk: '0' },
    });
  });

  test('is refused where it would not cover the upload, or where the job was cancelled', async () => {
    const { jobId, chunkId, attemptId } = await heldAsUnknown(ground);
    expect(await payAgain(ground.db, chunkId, approval(5_999_999n), person)).toEqual({
      kind: 'ceiling_too_low',
    });
    await cancelJob(ground.db, 1, jobId);
    expect(await payAgain(ground.db, chunkId, approval(), person)).toEqual({
      kind: 'job_cancelled',
    });
    expect(await placeOf(ground, attemptId)).toBe('reserved');
    const approvals = 'SELECT count(*) AS approvals FROM store.approvals WHERE chunk_id = $1';
    expect(await row(ground, approvals, [chunkId])).toEqual({ approvals: 0 });
    expect(await giveUp(ground.db, chunkId, person)).toMatchObject({
      closing: { kind: 'closed', state: 'cancelled' },
    });
  });

  test('decided by two people at once is one approval', async () => {
    const { chunkId } = await heldAsUnknown(ground);
    const decided = await Promise.all(
      ['ada', 'bob', 'eve'].map((decidedBy) =>
        payAgain(ground.db, chunkId, approval(), { ...person, decidedBy }),
      ),
    );
    expect(decided.map(({ kind }) => kind).toSorted()).toEqual(['decided', 'not_held', 'not_held']);
  });
});

test('a decision on one upload is none on the next, though the chunk is held again', async () => {
  const { chunkId, attemptId } = await heldAsUnknown(ground);
  const onTheFirst = { ...person, attemptId };
  await payAgain(ground.db, chunkId, approval(), onTheFirst);
  const second = await claim(ground, chunkId);
  await settle(ground, second, lost, heldUnknown);
  expect(await payAgain(ground.db, chunkId, approval(), onTheFirst)).toEqual({ kind: 'not_held' });
  expect(await placeOf(ground, second.attemptId)).toBe('reserved');
  expect(
    await payAgain(ground.db, chunkId, approval(), { ...person, attemptId: second.attemptId }),
  ).toMatchObject({ kind: 'decided' });
});

test('a chunk that was paid again and is refused for its size is not cut anew: it is rejected, and its job closes', async () => {
  const { jobId, chunkId } = await heldAsUnknown(ground);
  await payAgain(ground.db, chunkId, approval(), person);
  const again = await claim(ground, chunkId);
  expect(
    await settle(ground, again, refused, {
      kind: 'replan',
      learned: { minNumbers: 500, maxNumbers: null },
    }),
  ).toMatchObject({ kind: 'applied', state: 'rejected', closing: { kind: 'closed' } });
  expect(await placeOf(ground, again.attemptId)).toBe('released');
  expect(await chunkRow(ground, chunkId)).toMatchObject({
    state: 'rejected',
    reason: 'batch_size_refused',
  });
  expect(
    await row(ground, 'SELECT state, open_chunks FROM store.jobs WHERE id = $1', [jobId]),
  ).toEqual({ state: 'completed_with_errors', open_chunks: 0 });
});
