import { afterEach, beforeEach, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitInTurn } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** A doorbell says that an account has something to send; what is sent is what is in turn there. */
let ground: Ground;
const never = new AbortController().signal;
const account = 'ekycpro';
beforeEach(async () => {
  ground = await layGround({ chunkSize: 10, change: (each) => ({ ...each, canary: 'off' }) });
});
afterEach(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

/** A job that is cut, and the chunks that would ring for it. */
async function planned(count: number): Promise<{ jobId: string; chunkId: string }> {
  const jobId = await ground.enqueue('telegram', ground.fresh(count), { account });
  await planJob(ground.equipment, jobId);
  return { jobId, chunkId: String((await ground.chunks(jobId))[0]?.['id']) };
}

const answer = (chunkId: string) => submitInTurn(ground.equipment, { chunkId, account }, never);
const states = async (jobId: string) => (await ground.chunks(jobId)).map((chunk) => chunk['state']);

test('a small job is sent before the large one that rang', async () => {
  const large = await planned(40);
  expect(await answer(large.chunkId)).toEqual({ polling: 1 });
  const small = await planned(10);
  expect(await answer(large.chunkId)).toEqual({ polling: 1 });
  expect(await states(small.jobId)).toEqual(['polling']);
  expect(await answer(small.chunkId)).toEqual({ polling: 1 });
  expect(await states(large.jobId)).toEqual(['polling', 'polling', 'ready', 'ready']);
});

test('a chunk that waits for something to end is looked at itself when it rings', async () => {
  const { jobId, chunkId } = await planned(10);
  const other = await planned(20);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'blocked', reason = 'account_paused' WHERE id = $1",
    [chunkId],
  );
  expect(await answer(chunkId)).toEqual({ polling: 1 });
  expect(await states(jobId)).toEqual(['polling']);
  expect(await states(other.jobId)).toEqual(['ready', 'ready']);
});

test('where the line lost a job, its own doorbell sends it', async () => {
  const { jobId, chunkId } = await planned(10);
  await ground.db.query('DELETE FROM store.jobs_in_line');
  expect(await answer(chunkId)).toEqual({ polling: 1 });
  expect(await states(jobId)).toEqual(['polling']);
});

test('what may not be sent leaves the line, and whoever is next is rung for', async () => {
  const poor = await ground.enqueue('telegram', ground.fresh(10), {
    account,
    maxCost: 0n as never,
  });
  await planJob(ground.equipment, poor);
  const next = await planned(20);
  const rung: unknown[] = [];
  const equipment = {
    ...ground.equipment,
    ring: async (doorbells: readonly unknown[]) => void rung.push(...doorbells),
  };
  expect(await submitInTurn(equipment, { chunkId: next.chunkId, account }, never)).toEqual({
    blocked: 1,
  });
  expect(await states(poor)).toEqual(['blocked']);
  expect(rung).toEqual([expect.objectContaining({ stage: 'submit', chunkId: next.chunkId })]);
});
