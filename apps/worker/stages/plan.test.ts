import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Equipment } from '../equipment.ts';
import { type Ground, layGround } from '../test-ground.ts';
import { planJob } from './plan.ts';

/** Cutting a job, by a process that may know less of the accounts than the one that received it. */
let ground: Ground;
beforeAll(async () => {
  ground = await layGround({
    chunkSize: 200,
    change: (account) => ({ ...account, canary: 'off' }),
  });
});
afterAll(() => ground.close());

/** The equipment of a process whose accounts file does not have the check. */
function without(check: string): Equipment {
  const accounts = new Map(
    [...ground.accounts.accounts].map(([id, account]) => [
      id,
      {
        ...account,
        checks: Object.fromEntries(
          Object.entries(account.checks).filter(([name]) => name !== check),
        ),
      },
    ]),
  );
  return { ...ground.equipment, accounts: { ...ground.accounts, accounts } };
}

async function jobRow(jobId: string): Promise<Record<string, unknown>> {
  const { rows } = await ground.db.query<Record<string, unknown>>(
    'SELECT state, failure, open_chunks, replans, due_at > clock_timestamp() AS looked_at_later FROM store.jobs WHERE id = $1',
    [jobId],
  );
  return rows[0] ?? {};
}

const attention = (jobId: string) =>
  ground.logged.filter((line) => line['event'] === 'job.attention' && line['job'] === jobId);

// The time-out of a test is the bound: joined to the sizes row by row, this took minutes.
test('60,000 numbers that came just now are cut into 300 chunks, which hold each number once', async () => {
  const numbers = Array.from({ length: 60_000 }, (_, index) => 447_910_000_000 + index * 3);
  const jobId = await ground.enqueue('telegram', numbers);
  expect(await planJob(ground.equipment, jobId)).toEqual({ chunks: 300, closed: 0 });
  const chunks = await ground.chunks(jobId);
  expect(
    chunks.map((chunk) => [Number(chunk['first_number']), Number(chunk['last_number'])]),
  ).toEqual(
    Array.from({ length: 300 }, (_, index) => [
      447_910_000_000 + index * 600,
      447_910_000_000 + index * 600 + 199 * 3,
    ]),
  );
});

test('a process that lacks the check changes nothing of a new job, and one that has it plans it', async () => {
  const jobId = await ground.enqueue('telegram', [447_911_000_001, 447_911_000_002]);
  expect(await planJob(without('telegram'), jobId)).toEqual({ chunks: 0, closed: 0 });
  expect(await jobRow(jobId)).toMatchObject({ state: 'planning', looked_at_later: true });
  expect(await ground.chunks(jobId)).toEqual([]);
  expect(attention(jobId)).toMatchObject([{ reason: 'check_not_offered' }]);
  expect(await planJob(ground.equipment, jobId)).toEqual({ chunks: 1, closed: 0 });
});

test('a job that nobody could plan for an hour fails, with every number answered and nothing sent', async () => {
  const jobId = await ground.enqueue('telegram', [447_912_000_001, 447_912_000_002]);
  await ground.db.query(
    "UPDATE store.jobs SET created_at = created_at - interval '61 minutes' WHERE id = $1",
    [jobId],
  );
  expect(await planJob(without('telegram'), jobId)).toEqual({ chunks: 0, closed: 1 });
  expect(await jobRow(jobId)).toMatchObject({
    state: 'failed',
    failure: expect.stringContaining('does not offer telegram') as string,
    open_chunks: 0,
  });
  expect(await ground.job(jobId)).toMatchObject({ failed: 2, answered: 2, cost: '0' });
});

test('a process that lacks the check takes back no chunk that waits to be cut anew', async () => {
  const jobId = await ground.enqueue(
    'telegram',
    Array.from({ length: 400 }, (_, index) => 447_913_000_000 + index),
  );
  await planJob(ground.equipment, jobId);
  const [first] = await ground.chunks(jobId);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'blocked', reason = 'replan', due_at = NULL WHERE id = $1",
    [first?.['id']],
  );
  const states = async () => (await ground.chunks(jobId)).map((chunk) => chunk['state']);
  expect(await planJob(without('telegram'), jobId)).toEqual({ chunks: 0, closed: 0 });
  expect(await states()).toEqual(['blocked', 'ready']);
  expect(await jobRow(jobId)).toMatchObject({ state: 'running', open_chunks: 2, replans: 0 });
  await ground.db.query(
    "UPDATE store.jobs SET created_at = created_at - interval '61 minutes' WHERE id = $1",
    [jobId],
  );
  await planJob(without('telegram'), jobId);
  expect(await states()).toEqual(['blocked', 'ready']);
  expect(await planJob(ground.equipment, jobId)).toEqual({ chunks: 2, closed: 0 });
  expect(await states()).toEqual(['superseded', 'superseded', 'ready', 'ready']);
});
