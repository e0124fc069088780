import { waitFor } from '@rollcall/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitInTurn } from './submit-in-turn.ts';
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

/** Without time for more than one. */
const answer = (chunkId: string) => submitInTurn(ground.equipment, { chunkId, account }, never, 0);
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

test('a doorbell whose turn meets a chunk that is just being rung for sends it as soon as it is let go', async () => {
  const first = await planned(10);
  const second = await planned(20);
  const ringing = Promise.withResolvers<void>();
  const isLocked = Promise.withResolvers<void>();
  const ring = ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.chunks WHERE id = $1 FOR UPDATE', [first.chunkId]);
    isLocked.resolve();
    await ringing.promise;
  });
  await isLocked.promise;
  let looks = 0;
  const equipment: typeof ground.equipment = {
    ...ground.equipment,
    db: {
      ...ground.equipment.db,
      async transaction(name, work) {
        const result = await ground.equipment.db.transaction(name, work);
        if (name === 'submit.claim') looks += 1;
        return result;
      },
    },
  };
  const answered = submitInTurn(equipment, { chunkId: second.chunkId, account }, never, 0);
  await waitFor(() => looks > 0, { describe: 'a look that found it locked', everyMs: 1 });
  ringing.resolve();
  await ring;
  expect(await answered).toEqual({ polling: 1 });
  expect(await states(first.jobId)).toEqual(['polling']);
});

test('whoever has sent one goes on with what is in turn, and rings for the next when its time is up', async () => {
  const large = await planned(40);
  const small = await planned(10);
  const rung: { readonly chunkId?: string }[] = [];
  const equipment = {
    ...ground.equipment,
    ring: async (doorbells: readonly object[]) => void rung.push(...doorbells),
  };
  const doorbell = { chunkId: large.chunkId, account };
  expect(await submitInTurn(equipment, doorbell, never, 0)).toEqual({ polling: 1 });
  expect(rung.map(({ chunkId }) => chunkId)).toEqual([large.chunkId]);
  expect(await states(small.jobId)).toEqual(['polling']);

  expect(await submitInTurn(equipment, doorbell, never)).toEqual({ polling: 4 });
  expect(await states(large.jobId)).toEqual(['polling', 'polling', 'polling', 'polling']);
  expect(rung).toHaveLength(1);
  expect(await submitInTurn(equipment, doorbell, never)).toEqual({ gone: 1 });
});
