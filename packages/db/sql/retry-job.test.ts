import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accepted, acceptance, heldUnknown, lost, notSent, retry } from '../testing/answers.ts';
import { type Ground, layGround, newId, once, row } from '../testing/ground.ts';
import { person } from '../testing/held-chunks.ts';
import { refusal } from '../testing/refusal.ts';
import { answerSome, bothOutcomes, makeRetry, treeOf } from '../testing/retried-job.ts';
import { claim, finish, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { cancelJob, changeJob } from './control-job.ts';
import { giveUp, payAgain } from './decide-held.ts';
import { countAskedAgain, lockRetryTree } from './retry-job.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const first = 48_500_000_000;

async function count(jobId: string, include = bothOutcomes) {
  return ground.db.transaction(async (tx) =>
    countAskedAgain(tx, treeOf(await lockRetryTree(tx, 1, jobId)), include),
  );
}

/** Holds a chunk as unknown and gives it up: its numbers fail, and may have been paid for. */
async function loseAndGiveUp(chunkId: string): Promise<void> {
  await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
  await giveUp(ground.db, chunkId, person);
}

/** Rejects a chunk: its numbers fail, and were never paid for. */
async function reject(chunkId: string): Promise<void> {
  await settle(ground, await claim(ground, chunkId), notSent, {
    kind: 'rejected',
    reason: 'invalid_parameters',
  });
}

/**
 * A closed job of ten numbers in five chunks: 0 answered and 1 missing, 2 and 3 never paid for, 4 and 5 given up in doubt,
 * 6 and 7 paid for, given up and never answered, 8 and 9 answered.
 */
async function mixedJob(): Promise<string> {
  const jobId = await receive(ground, someNumbers(10), { name: 'mixed', priority: 5 });
  const [half = '', free = '', doubtful = '', spent = '', whole = ''] = await plan(
    ground,
    jobId,
    Array.from({ length: 5 }, () => ({ size: 2 })),
  );
  await answerSome(ground, half, [0]);
  await settle(ground, await claim(ground, free), notSent, retry);
  await reject(free);
  await loseAndGiveUp(doubtful);
  const claimed = await claim(ground, spent);
  await settle(ground, claimed, acceptance(`spent-${spent}`), accepted);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'held', reason = 'poll', due_at = NULL WHERE id = $1",
    [spent],
  );
  await giveUp(ground.db, spent, person);
  await finish(ground, whole);
  return jobId;
}

async function numbersOf(jobId: string): Promise<number[]> {
  const { rows } = await ground.db.query<{ number: number }>(
    `SELECT n.number FROM store.job_numbers n JOIN store.jobs j ON j.job_no = n.job_no AND j.job_day = n.job_day
      WHERE j.id = $1 ORDER BY n.number`,
    [jobId],
  );
  return rows.map(({ number }) => number - first);
}

const jobRow = (jobId: string) => row(ground, 'SELECT * FROM store.jobs WHERE id = $1', [jobId]);
const closedRows = async (jobId: string) => {
  const { rows } = await ground.db.query(
    'SELECT number, outcome, source, cost, checked_at FROM rollcall.results WHERE job_id = $1 ORDER BY number',
    [jobId],
  );
  return rows;
};

describe('what a retry asks', () => {
  test('is what failed and what is missing, and of it that which some upload may have paid for', async () => {
    const jobId = await mixedJob();
    expect(await count(jobId)).toEqual({ numbers: 7, mayBePaid: 5 });
    expect(await count(jobId, ['missing'])).toEqual({ numbers: 1, mayBePaid: 1 });
    expect(await count(jobId, ['failed'])).toEqual({ numbers: 6, mayBePaid: 4 });
  });

  test('becomes a child job with those numbers, lines and all; the closed job stays as it was', async () => {
    const jobId = await mixedJob();
    const [before, rowsBefore] = [await jobRow(jobId), await closedRows(jobId)];
    const childId = await makeRetry(ground, jobId);
    expect(await jobRow(childId)).toMatchObject({
      state: 'planning',
      retry_of: jobId,
      retry_root: jobId,
      name: 'mixed',
      priority: 5,
      purpose: 'test',
      requested_by: 'a test',
      check_name: 'telegram',
      lines: 7,
      accepted: 7,
      duplicates: 0,
      rejected: 0,
      may_be_paid: 5,
      upload: null,
    });
    expect(await numbersOf(childId)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const [chunkId = ''] = await plan(ground, childId, [{ size: 7 }]);
    await finish(ground, chunkId);
    expect(await row(ground, 'SELECT ok FROM rollcall.audit($1)', [childId])).toEqual({ ok: true });
    expect(await jobRow(jobId)).toEqual(before);
    expect(await closedRows(jobId)).toEqual(rowsBefore);
  });

  test('is nothing once a retry has answered all, and only the rest when it answered some', async () => {
    const jobId = await mixedJob();
    const childId = await makeRetry(ground, jobId);
    const [some = '', none = ''] = await plan(ground, childId, [{ size: 4 }, { size: 3 }]);
    // Of 1, 2, 3 and 4 the first two are answered; 5, 6 and 7 fail once more.
    await answerSome(ground, some, [0, 1]);
    await loseAndGiveUp(none);
    expect(await count(jobId)).toEqual({ numbers: 5, mayBePaid: 5 });
    expect(await count(childId)).toEqual({ numbers: 5, mayBePaid: 5 });
    const again = await makeRetry(ground, childId, { include: ['missing'] });
    expect(await numbersOf(again)).toEqual([3, 4]);
    expect(await jobRow(again)).toMatchObject({ retry_of: childId, retry_root: jobId });
    const [rest = ''] = await plan(ground, again, [{ size: 2 }]);
    await finish(ground, rest);
    expect(await count(jobId)).toEqual({ numbers: 3, mayBePaid: 3 });
    const last = await makeRetry(ground, jobId);
    expect(await numbersOf(last)).toEqual([5, 6, 7]);
    const [chunkId = ''] = await plan(ground, last, [{ size: 3 }]);
    await finish(ground, chunkId);
    expect(await count(jobId)).toEqual({ numbers: 0, mayBePaid: 0 });
  });

  test('counts as paid what was written off before it was paid again, and not what cost nothing', async () => {
    const jobId = await receive(ground, someNumbers(4));
    const [paidTwice = '', chargedNothing = ''] = await plan(ground, jobId, [
      { size: 2 },
      { size: 2 },
    ]);
    for (const [chunkId, liftedTo] of [
      [paidTwice, 'written_off'],
      [chargedNothing, 'not_charged'],
    ] as const) {
      await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
      const approval = { id: newId.approval(), costCeiling: 1_000_000_000n as Money, liftedTo };
      await payAgain(ground.db, chunkId, approval, person);
      await reject(chunkId);
    }
    expect(await count(jobId)).toEqual({ numbers: 4, mayBePaid: 2 });
  });
});

describe('the lock of a tree of retries', () => {
  test('opens for closed jobs of one’s own tenant only', async () => {
    const jobId = await mixedJob();
    const open = await receive(ground, someNumbers(2));
    const lock = (tenantId: number, id: string) =>
      ground.db.transaction((tx) => lockRetryTree(tx, tenantId, id));
    expect(await lock(2, jobId)).toEqual({ kind: 'not_found' });
    expect(await lock(1, open)).toEqual({ kind: 'not_closed' });
    expect(await lock(1, jobId)).toMatchObject({ kind: 'locked', tree: { rootId: jobId } });
  });

  test('is not waited for, and stays shut while a retry anywhere in the tree is open', async () => {
    const jobId = await mixedJob();
    const lock = (id: string) => ground.db.transaction((tx) => lockRetryTree(tx, 1, id));
    await ground.db.transaction(async (tx) => {
      await lockRetryTree(tx, 1, jobId);
      expect(await lock(jobId)).toEqual({ kind: 'retry_running', jobId: null });
    });
    const childId = await makeRetry(ground, jobId);
    expect(await lock(jobId)).toEqual({ kind: 'retry_running', jobId: childId });
    await cancelJob(ground.db, 1, childId);
    expect(await lock(childId)).toMatchObject({ kind: 'locked', tree: { rootId: jobId } });
    // Cancelled before anything was sent: all of it is still to be asked.
    expect(await count(jobId)).toEqual({ numbers: 7, mayBePaid: 5 });
  });
});

describe('Postgres itself', () => {
  const insertOpen = (retryOf: string, root: string) =>
    `INSERT INTO store.jobs (id, tenant_id, check_name, account, purpose, requested_by, currency, retry_of, retry_root)
     VALUES ('${newId.job()}', 1, 'telegram', 'acme', 'test', 'a test', 'USD', '${retryOf}', '${root}')`;

  test('refuses a second open retry in a tree, of whichever job of it', async () => {
    const jobId = await mixedJob();
    expect(
      await refusal(ground, async (tx) => {
        await tx.query(insertOpen(jobId, jobId));
        await tx.query(insertOpen(jobId, jobId));
      }),
    ).toBe('one_open_retry');
  });

  test('refuses a retry of an open job, of another check, and in another tree', async () => {
    const [jobId, other] = [await mixedJob(), await mixedJob()];
    const open = await receive(ground, someNumbers(2));
    for (const [retryOf, root] of [
      [open, open],
      [jobId, other],
    ] as const) {
      expect(await refusal(ground, (tx) => tx.query(insertOpen(retryOf, root)))).toBe(
        'retries_of_closed_jobs',
      );
    }
    const whatsapp = insertOpen(jobId, jobId).replace("'telegram'", "'whatsapp'");
    expect(await refusal(ground, (tx) => tx.query(whatsapp))).toBe('retries_of_closed_jobs');
  });

  test('refuses a retry that may pay twice without its approval, or above it', async () => {
    const jobId = await mixedJob();
    await expect(makeRetry(ground, jobId, { approval: null })).rejects.toThrow(
      'stays within its approval',
    );
    await expect(makeRetry(ground, jobId, { maxCost: null })).rejects.toThrow(
      'stays within its approval',
    );
    const childId = await makeRetry(ground, jobId);
    for (const maxCost of [null, 9_000_000_001n as Money]) {
      expect(await changeJob(ground.db, 1, childId, { maxCost })).toEqual({
        kind: 'above_approval',
      });
    }
    const lower = { maxCost: 8_000_000_000n as Money };
    expect(await changeJob(ground.db, 1, childId, lower)).toMatchObject({ changed: true });
    expect(
      await refusal(ground, (tx) =>
        tx.query('UPDATE store.retry_approvals SET cost_ceiling = 99 WHERE job_id = $1', [childId]),
      ),
    ).toBe('append_only');
  });
});

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
    const jobId = await mixedJob();
    const before = ['registered', 'missing', 'failed', 'failed', 'failed', 'failed', 'failed'];
    expect(await outcomes(jobId)).toEqual([...before, 'failed', 'registered', 'registered']);
    const childId = await makeRetry(ground, jobId);
    const [some = '', none = '', never = ''] = await plan(ground, childId, [
      { size: 3 },
      { size: 2 },
      { size: 2 },
    ]);
    // 1 fails now, which is less than the missing of before; 2 is answered, 3 is missing; 6 and 7 are not sent.
    await loseAndGiveUp(none);
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
    await loseAndGiveUp(again);
    expect(await latest(jobId)).toMatchObject([
      { outcome: 'registered', answered_by: jobId },
      { outcome: 'missing', answered_by: jobId },
    ]);
  });

  test('of one job are read from its own rows, whatever else the table holds', async () => {
    const jobId = await receive(ground, someNumbers(3), { numbers: once(someNumbers(3)) });
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
