import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, notSent } from '../testing/answers.ts';
import { type Ground, layGround, newId, row } from '../testing/ground.ts';
import { approval, person } from '../testing/held-chunks.ts';
import { refusal } from '../testing/refusal.ts';
import {
  answerSome,
  bothOutcomes,
  loseAndGiveUp,
  makeRetry,
  mixedJob,
  rejectForFree,
  treeOf,
} from '../testing/retried-job.ts';
import { claim, finish, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { cancelJob, changeJob } from './control-job.ts';
import { payAgain } from './decide-held.ts';
import { countAskedAgain, countMissingBefore, lockRetryTree } from './retry-job.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const first = 48_500_000_000;

async function count(jobId: string, include = bothOutcomes) {
  return ground.db.transaction('test', async (tx) =>
    countAskedAgain(tx, treeOf(await lockRetryTree(tx, 1, jobId)), include),
  );
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
    const jobId = await mixedJob(ground);
    expect(await count(jobId)).toEqual({ numbers: 7, mayBePaid: 5 });
    expect(await count(jobId, ['missing'])).toEqual({ numbers: 1, mayBePaid: 1 });
    expect(await count(jobId, ['failed'])).toEqual({ numbers: 6, mayBePaid: 4 });
  });

  test('becomes a child job with those numbers, lines and all; the closed job stays as it was', async () => {
    const jobId = await mixedJob(ground);
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
    const jobId = await mixedJob(ground);
    const childId = await makeRetry(ground, jobId);
    const [some = '', none = ''] = await plan(ground, childId, [{ size: 4 }, { size: 3 }]);
    // Of 1, 2, 3 and 4 the first two are answered; 5, 6 and 7 fail once more.
    await answerSome(ground, some, [0, 1]);
    await loseAndGiveUp(ground, none);
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

  test('of a retry is no more than that retry asked', async () => {
    const jobId = await mixedJob(ground);
    const childId = await makeRetry(ground, jobId, { include: ['missing'] });
    const [chunkId = ''] = await plan(ground, childId, [{ size: 1 }]);
    await loseAndGiveUp(ground, chunkId);
    expect(await count(childId)).toEqual({ numbers: 1, mayBePaid: 1 });
    expect(await count(jobId)).toMatchObject({ numbers: 7 });
  });

  test('that was missing before, and nothing else, may be missing from its table again', async () => {
    const jobId = await mixedJob(ground);
    const childId = await makeRetry(ground, jobId);
    const child = await jobRow(childId);
    const missingAmong = (from: number, to: number) =>
      countMissingBefore(ground.db, {
        jobNo: Number(child['job_no']),
        jobDay: String(child['job_day']),
        range: { first: first + from, last: first + to },
        retryRoot: jobId,
      });
    // 1 was missing, 2 to 7 have failed.
    expect(await missingAmong(0, 9)).toBe(1);
    expect(await missingAmong(2, 9)).toBe(0);
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
      await payAgain(ground.db, chunkId, approval(1_000_000_000n, liftedTo), person);
      await rejectForFree(ground, chunkId);
    }
    expect(await count(jobId)).toEqual({ numbers: 4, mayBePaid: 2 });
  });

  test('counts as paid what a person heard was not charged, and the provider had taken after all', async () => {
    const jobId = await receive(ground, someNumbers(3));
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 3 }]);
    const lostOne = await claim(ground, chunkId);
    await settle(ground, lostOne, lost, heldUnknown);
    await payAgain(ground.db, chunkId, approval(1_000_000_000n, 'not_charged'), person);
    const second = await claim(ground, chunkId);
    await settle(ground, lostOne, acceptance('taken-after-all'), accepted);
    await settle(ground, second, notSent, { kind: 'rejected', reason: 'invalid_parameters' });
    expect(await count(jobId)).toEqual({ numbers: 3, mayBePaid: 3 });
  });
});

describe('the lock of a tree of retries', () => {
  test('opens for closed jobs of one’s own tenant only', async () => {
    const jobId = await mixedJob(ground);
    const open = await receive(ground, someNumbers(2));
    const lock = (tenantId: number, id: string) =>
      ground.db.transaction('test', (tx) => lockRetryTree(tx, tenantId, id));
    expect(await lock(2, jobId)).toEqual({ kind: 'not_found' });
    expect(await lock(1, open)).toEqual({ kind: 'not_closed' });
    expect(await lock(1, jobId)).toMatchObject({ kind: 'locked', tree: { rootId: jobId } });
  });

  test('is not waited for, and stays shut while a retry anywhere in the tree is open', async () => {
    const jobId = await mixedJob(ground);
    const lock = (id: string) => ground.db.transaction('test', (tx) => lockRetryTree(tx, 1, id));
    await ground.db.transaction('test', async (tx) => {
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
    const jobId = await mixedJob(ground);
    expect(
      await refusal(ground, async (tx) => {
        await tx.query(insertOpen(jobId, jobId));
        await tx.query(insertOpen(jobId, jobId));
      }),
    ).toBe('one_open_retry');
  });

  test('refuses a retry of an open job, of another check, and in another tree', async () => {
    const [jobId, other] = [await mixedJob(ground), await mixedJob(ground)];
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
    const jobId = await mixedJob(ground);
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

  test('lets a retry spend what was approved for its held uploads since, and no more', async () => {
    const childId = await makeRetry(ground, await mixedJob(ground));
    const [chunkId = ''] = await plan(ground, childId, [{ size: 7 }]);
    await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
    const again = { id: newId.approval(), costCeiling: 1_000_000_000n as Money };
    await payAgain(ground.db, chunkId, { ...again, liftedTo: 'written_off' }, person);
    const both = { maxCost: 10_000_000_000n as Money };
    expect(await changeJob(ground.db, 1, childId, both)).toMatchObject({ changed: true });
    const more = { maxCost: 10_000_000_001n as Money };
    expect(await changeJob(ground.db, 1, childId, more)).toEqual({ kind: 'above_approval' });
  });
});
