import { decidePlan } from '@rollcall/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../testing/answers.ts';
import { type Ground, layGround, newId, row } from '../testing/ground.ts';
import { claim, plan, receive, settle, someNumbers, submit } from '../testing/walk-chunk.ts';
import { loadSubmit } from './claim-submit.ts';
import { askForReplan } from './leave-out.ts';
import { numbersOfChunk } from './numbers-of-chunk.ts';
import { insertChunks, supersedeUnsent, wholeJob } from './plan-chunks.ts';
import { lockJobForPlanning } from './planned-job.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const replan = { kind: 'replan', learned: { minNumbers: 2, maxNumbers: null } } as const;

test('whatever the numbers and sizes, the chunks together hold each number of the job once, in order', async () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 });
  const limits = fc
    .record({
      minNumbers: fc.integer({ min: 1, max: 10 }),
      above: fc.nat(20),
      chunkSize: fc.integer({ min: 1, max: 40 }),
    })
    .map(({ minNumbers, above, chunkSize }) => ({
      minNumbers,
      maxNumbers: 2 * minNumbers + above,
      chunkSize,
    }));
  await fc.assert(
    fc.asyncProperty(gaps, limits, async (steps, within) => {
      let number = 48_500_000_000;
      const numbers = Float64Array.from(steps, (step) => (number += step));
      const [cut] = decidePlan({
        areas: [numbers.length],
        limits: within,
        learned: null,
        withCanary: false,
        replans: 0,
      });
      if (cut === undefined || typeof cut.sizes === 'string') return;
      const jobId = await receive(ground, numbers);
      await plan(
        ground,
        jobId,
        cut.sizes.map((size) => ({ size })),
      );
      const { rows } = await ground.db.query(
        `SELECT c.job_no, j.job_day, c.first_number AS first, c.last_number AS last, c.numbers FROM store.chunks c
           JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 ORDER BY c.chunk_no`,
        [jobId],
      );
      const held: number[] = [];
      for (const chunk of rows) {
        held.push(
          ...(await numbersOfChunk(ground.db, chunk.job_no, chunk.job_day, chunk, chunk.numbers)),
        );
      }
      expect(held).toEqual([...numbers]);
      expect(rows.map((chunk) => chunk.numbers as number)).toEqual(cut.sizes);
    }),
    { numRuns: 25 },
  );
});

test('a chunk that does not hold what it was planned with is refused, not sent', async () => {
  const jobId = await receive(ground, someNumbers(4));
  await plan(ground, jobId, [{ size: 4 }]);
  const job = await row(ground, 'SELECT job_no, job_day FROM store.jobs WHERE id = $1', [jobId]);
  const range = { first: 48_500_000_000, last: 48_500_000_003 };
  for (const numbers of [3, 5]) {
    await expect(
      numbersOfChunk(ground.db, Number(job['job_no']), String(job['job_day']), range, numbers),
    ).rejects.toThrow(/a chunk (holds more|of 5 numbers holds 4)/);
  }
});

describe('planning anew', () => {
  async function sevenChunks() {
    const jobId = await receive(ground, someNumbers(7));
    return {
      jobId,
      chunks: await plan(
        ground,
        jobId,
        Array.from({ length: 7 }, () => ({ size: 1 })),
      ),
    };
  }
  const takeBack = async (jobId: string) =>
    ground.db.transaction('test', async (tx) => {
      const job = await lockJobForPlanning(tx, jobId);
      if (job === null) throw new Error('the job is locked');
      return supersedeUnsent(tx, job);
    });
  const states = async (jobId: string) => {
    const { rows } = await ground.db.query<{ state: string }>(
      'SELECT c.state FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 ORDER BY chunk_no',
      [jobId],
    );
    return rows.map(({ state }) => state);
  };

  test('takes back what was never sent, in runs between what was, which stays', async () => {
    const { jobId, chunks } = await sevenChunks();
    await submit(ground, chunks[2] ?? '');
    await claim(ground, chunks[5] ?? '');
    await settle(ground, await claim(ground, chunks[0] ?? ''), refused, replan);
    expect(await takeBack(jobId)).toEqual([
      { first: 48_500_000_000, last: 48_500_000_001, numbers: 2, suppressed: 0, erased: 0 },
      { first: 48_500_000_003, last: 48_500_000_004, numbers: 2, suppressed: 0, erased: 0 },
      { first: 48_500_000_006, last: 48_500_000_006, numbers: 1, suppressed: 0, erased: 0 },
    ]);
    const [was, sent, wire] = ['superseded', 'polling', 'submitting'];
    expect(await states(jobId)).toEqual([was, was, sent, was, was, wire, was]);
    expect(await row(ground, 'SELECT open_chunks FROM store.jobs WHERE id = $1', [jobId])).toEqual({
      open_chunks: 2,
    });
  });

  test('counts refusals of a size, once for all before it, and nothing that the suppression list made too small', async () => {
    const replans = (jobId: string) =>
      row(ground, 'SELECT replans FROM store.jobs WHERE id = $1', [jobId]);
    const refusedTwice = await sevenChunks();
    const claimed = await Promise.all(
      refusedTwice.chunks.slice(0, 2).map((chunkId) => claim(ground, chunkId)),
    );
    for (const each of claimed) await settle(ground, each, refused, replan);
    expect(await takeBack(refusedTwice.jobId)).toHaveLength(1);
    expect(await replans(refusedTwice.jobId)).toEqual({ replans: 1 });

    const small = await sevenChunks();
    await ground.db.transaction('test', async (tx) => {
      const loaded = await loadSubmit(tx, small.chunks[0] ?? '');
      if (loaded === null) throw new Error('the chunk is ready');
      await askForReplan(tx, loaded);
    });
    expect(await takeBack(small.jobId)).toHaveLength(1);
    expect(await replans(small.jobId)).toEqual({ replans: 0 });
  });

  test('takes back nothing where no chunk waits for it', async () => {
    const { jobId } = await sevenChunks();
    expect(await takeBack(jobId)).toEqual([]);
    expect(new Set(await states(jobId))).toEqual(new Set(['ready']));
  });
});

test('a job is planned by one worker at a time', async () => {
  const jobId = await receive(ground, someNumbers(2));
  await ground.db.transaction('test', async (tx) => {
    expect(await lockJobForPlanning(tx, jobId)).toMatchObject({ accepted: 2, chunks: 0 });
    expect(
      await ground.db.transaction('test', (other) => lockJobForPlanning(other, jobId)),
    ).toBeNull();
  });
});

test('sizes that do not add up to the area plan nothing', async () => {
  const jobId = await receive(ground, someNumbers(5));
  const cut = ground.db.transaction('test', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    if (job === null) throw new Error('the job is locked');
    const chunk = { state: 'ready', isCanary: false } as const;
    await insertChunks(tx, job, await wholeJob(tx, job), 1, [
      { ...chunk, id: newId.chunk(), numbers: 3 },
      { ...chunk, id: newId.chunk(), numbers: 3 },
    ]);
  });
  await expect(cut).rejects.toThrow('planned 2 chunks');
  const chunks =
    'SELECT count(*) AS chunks FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1';
  expect(await row(ground, chunks, [jobId])).toEqual({ chunks: 0 });
});
