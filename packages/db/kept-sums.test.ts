import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditSums } from './sql/audit-sums.ts';
import { addOutcomes } from './sql/close-job.ts';
import { readSummary } from './sql/summary.ts';
import { type Ground, layGround, row } from './testing/ground.ts';
import { claim, plan, receive, someNumbers } from './testing/walk-chunk.ts';

/** Sums that triggers keep (migration 0038), held to what they sum. */
let ground: Ground;
beforeEach(async () => {
  ground = await layGround(12);
});
afterEach(() => ground.close());

async function jobNoOf(jobId: string): Promise<number> {
  return Number(
    (await row(ground, 'SELECT job_no FROM store.jobs WHERE id = $1', [jobId]))['job_no'],
  );
}

async function summary() {
  const today = new Date().toISOString().slice(0, 10);
  const rows = await readSummary(ground.db, 1, { from: '2026-01-01', to: today });
  return Object.fromEntries(rows.map(({ outcome, numbers }) => [outcome, numbers]));
}

test('many chunks of many jobs that close at a time lose no number of any day', async () => {
  const jobs: number[] = [];
  for (let made = 0; made < 10; made += 1)
    jobs.push(await jobNoOf(await receive(ground, someNumbers(1))));
  const add = (jobNo: number) =>
    ground.db.transaction('test', (tx) => addOutcomes(tx, jobNo, { registered: 3, missing: 1 }));
  await Promise.all(Array.from({ length: 60 }, (_, at) => add(jobs[at % jobs.length] ?? 0)));
  expect(await summary()).toEqual({ registered: 180, missing: 60 });
  expect(await auditSums(ground.db)).toEqual([]);
});

test('what a replay or an erasure moves from one outcome to another moves in the day too, and a lost chunk’s rollback in neither', async () => {
  const jobNo = await jobNoOf(await receive(ground, someNumbers(1)));
  await ground.db.transaction('test', (tx) => addOutcomes(tx, jobNo, { registered: 5 }));
  await ground.db.transaction('test', async (tx) => {
    await tx.query(
      "UPDATE store.job_outcomes SET numbers = numbers - 2 WHERE job_no = $1 AND outcome = 'registered'",
      [jobNo],
    );
    await addOutcomes(tx, jobNo, { erased: 2 });
  });
  const failing = ground.db.transaction('test', async (tx) => {
    await addOutcomes(tx, jobNo, { registered: 100 });
    throw new Error('broken off');
  });
  await expect(failing).rejects.toThrow('broken off');
  expect(await summary()).toEqual({ registered: 3, erased: 2 });
  await ground.db.query("DELETE FROM store.job_outcomes WHERE outcome = 'erased'");
  expect(await summary()).toEqual({ registered: 3 });
  expect(await auditSums(ground.db)).toEqual([]);
});

test('a sum that somebody changed, or that was lost, is found', async () => {
  const jobNo = await jobNoOf(await receive(ground, someNumbers(1)));
  await ground.db.transaction('test', (tx) => addOutcomes(tx, jobNo, { registered: 5 }));
  await claim(
    ground,
    (await plan(ground, await receive(ground, someNumbers(1)), [{ size: 1 }]))[0] ?? '',
  );
  await ground.db.query('UPDATE store.tenant_days SET numbers = numbers + 1');
  await ground.db.query('DELETE FROM store.account_days');
  expect(await auditSums(ground.db)).toEqual([
    {
      keptIn: 'account_days',
      what: expect.stringMatching(/^acme .* USD$/),
      kept: '0',
      counted: '0.002000000',
    },
    {
      keptIn: 'tenant_days',
      what: expect.stringContaining('telegram registered'),
      kept: '6',
      counted: '5',
    },
  ]);
});
