import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelJob } from './sql/control-job.ts';
import { type Ground, layGround } from './testing/ground.ts';
import {
  answerSome,
  loseAndGiveUp,
  makeRetry,
  mixedJob,
  rejectForFree,
} from './testing/retried-job.ts';
import { finish, plan, receive, someNumbers } from './testing/walk-chunk.ts';

/** The view rollcall.latest_results. */

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

describe('the latest answers', () => {
  const latest = async (jobId: string) => {
    const { rows } = await ground.db.query<Record<string, unknown>>(
      'SELECT number, outcome, answered_by, source FROM rollcall.latest_results WHERE job_id = $1 ORDER BY number',
      [jobId],
    );
    return rows;
  };
  const outcomes = async (jobId: string) => (await latest(jobId)).map((each) => each['outcome']);

  test('come from wherever in the tree there is one, and no silence hides an earlier answer', async () => {
    const jobId = await mixedJob(ground);
    const before = ['registered', 'missing', 'failed', 'failed', 'failed', 'failed', 'failed'];
    expect(await outcomes(jobId)).toEqual([...before, 'failed', 'registered', 'registered']);
    const childId = await makeRetry(ground, jobId);
    const [some = '', none = '', never = ''] = await plan(ground, childId, [
      { size: 3 },
      { size: 2 },
      { size: 2 },
    ]);
    // 1 fails now, which is less than the missing of before; 2 is answered, 3 is missing; 6 and 7 are not sent.
    await loseAndGiveUp(ground, none);
    await answerSome(ground, some, [1]);
    await cancelJob(ground.db, 1, childId);
    expect(never).not.toBe('');
    const rows = await latest(jobId);
    expect(rows.map((each) => each['outcome'])).toEqual([
      'registered',
      'missing',
      'registered',
      'missing',
      'failed',
      'failed',
      'failed',
      'failed',
      'registered',
      'registered',
    ]);
    expect(rows.map((each) => (each['answered_by'] === childId ? 1 : 0))).toEqual([
      0, 1, 1, 1, 1, 1, 0, 0, 0, 0,
    ]);
    expect(rows[2]).toMatchObject({ source: 'provider' });
    expect(await latest(childId)).toEqual([]);
  });

  test('keep a missing of before where the retry has failed', async () => {
    const jobId = await receive(ground, someNumbers(2));
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 2 }]);
    await answerSome(ground, chunkId, [0]);
    const childId = await makeRetry(ground, jobId);
    const [again = ''] = await plan(ground, childId, [{ size: 1 }]);
    await loseAndGiveUp(ground, again);
    expect(await latest(jobId)).toMatchObject([
      { outcome: 'registered', answered_by: jobId },
      { outcome: 'missing', answered_by: jobId },
    ]);
  });

  test('keep a missing of one retry where the next has failed', async () => {
    const jobId = await receive(ground, someNumbers(2));
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 2 }]);
    await rejectForFree(ground, chunkId);
    const firstId = await makeRetry(ground, jobId);
    const [again = ''] = await plan(ground, firstId, [{ size: 2 }]);
    await answerSome(ground, again, [0]);
    const secondId = await makeRetry(ground, jobId);
    const [last = ''] = await plan(ground, secondId, [{ size: 1 }]);
    await loseAndGiveUp(ground, last);
    expect(await latest(jobId)).toMatchObject([
      { outcome: 'registered', answered_by: firstId },
      { outcome: 'missing', answered_by: firstId },
    ]);
  });

  test('of one job are read from its own rows, whatever else the table holds', async () => {
    const jobId = await receive(ground, someNumbers(3));
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 3 }]);
    await finish(ground, chunkId);
    const { rows } = await ground.db.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM rollcall.latest_results WHERE job_id = '${jobId}'`,
    );
    const plans = rows.map((each) => each['QUERY PLAN']).join('\n');
    expect(plans).toMatch(/Index (Only )?Scan using results_\d+_pkey/);
    expect(plans).not.toMatch(/Seq Scan on (results|jobs)/);
  });
});
