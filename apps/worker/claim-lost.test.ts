import { type Database, openDatabase, payAgain, resetBreaker } from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from './equipment.ts';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { expire } from './sweeps/expire.ts';
import { type Ground, layGround } from './test-ground.ts';

/** A claim that the worker lost between its commit and its upload: nothing may be sent under it. */
let ground: Ground;
let other: Database;
let serial = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  ground = await layGround();
  other = openDatabase({
    url: ground.databaseUrl,
    maxConnections: 1,
    applicationName: 'holds a lock',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await other.close();
  await ground.close();
});
afterEach(() => ground.nothingPaidTwice());

async function readyChunk(): Promise<{ readonly jobId: string; readonly chunkId: string }> {
  serial += 1;
  const jobId = await ground.enqueue('telegram', [447_916_000_000 + serial]);
  await planJob(ground.equipment, jobId);
  return { jobId, chunkId: String((await ground.chunks(jobId))[0]?.['id']) };
}

/** Stalls an upload before its first byte (it waits for its numbers), lets its lease run out, and goes on after `meanwhile`. */
async function outliveTheLease(
  { jobId, chunkId }: { readonly jobId: string; readonly chunkId: string },
  meanwhile: () => Promise<void>,
): Promise<Awaited<ReturnType<typeof submitChunk>>> {
  const stalled = await other.transaction('test', async (tx) => {
    await tx.query('LOCK TABLE store.job_numbers IN ACCESS EXCLUSIVE MODE');
    const upload = submitChunk(ground.equipment, chunkId, never);
    await ground.untilChunk(jobId, ['submitting']);
    await ground.db.query('UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = $1', [
      chunkId,
    ]);
    await waitFor(async () => (await expire(ground.equipment)).held === 1, {
      describe: 'the lease to run out',
    });
    await meanwhile();
    return { upload };
  });
  return stalled.upload;
}

test('an upload whose lease ran out before its first byte is not sent, and stays held for a person', async () => {
  const before = await ground.requests('ekycpro', 'create');
  const chunk = await readyChunk();
  expect(await outliveTheLease(chunk, async () => undefined)).toEqual({ stale: 1 });
  expect(await ground.requests('ekycpro', 'create')).toBe(before);
  expect((await ground.chunks(chunk.jobId))[0]).toMatchObject({
    state: 'held',
    held_detail: 'worker_died',
    attempt_outcome: 'unknown',
  });
  await resetBreaker(ground.db, 'ekycpro');
});

test('nor is it sent when a person has paid again since: one charge for both', async () => {
  const before = await ground.charges('ekycpro');
  const chunk = await readyChunk();
  const late = await outliveTheLease(chunk, async () => {
    const costCeiling = parseMoney('1');
    if (costCeiling === null) throw new Error('no money');
    expect(
      await payAgain(
        ground.db,
        chunk.chunkId,
        { id: newId('approval'), costCeiling, liftedTo: 'not_charged' },
        { tenantId: 1, decidedBy: 'operator@example', why: 'support knows no such task' },
      ),
    ).toMatchObject({ kind: 'decided' });
    await resetBreaker(ground.db, 'ekycpro');
  });
  expect(late).toEqual({ stale: 1 });
  expect(await ground.charges('ekycpro')).toBe(before);
  expect(await submitChunk(ground.equipment, chunk.chunkId, never)).toEqual({ polling: 1 });
  expect((await ground.charges('ekycpro')) - before).toBe(1);
});

test('a claim whose COMMIT got no reply was not sent, is known as that at once, and is tried again', async () => {
  const before = await ground.requests('ekycpro', 'create');
  const { jobId, chunkId } = await readyChunk();
  let losses = 1;
  const lossy: Database = {
    ...ground.db,
    async transaction(name, work) {
      const done = await ground.db.transaction(name, work);
      losses -= 1;
      if (losses === 0) throw new Error('Connection terminated unexpectedly');
      return done;
    },
  };
  await expect(submitChunk({ ...ground.equipment, db: lossy }, chunkId, never)).rejects.toThrow(
    'Connection terminated',
  );
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'ready',
    attempt_outcome: 'not_sent',
    outcome_reason: 'claim_unconfirmed',
  });
  expect(await ground.requests('ekycpro', 'create')).toBe(before);
  await ground.hurry(jobId);
  expect(await submitChunk(ground.equipment, chunkId, never)).toEqual({ polling: 1 });
  expect((await ground.requests('ekycpro', 'create')) - before).toBe(1);
});
