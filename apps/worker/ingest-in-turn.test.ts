import { askReplay } from '@rollcall/db';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ingestInTurn } from './ingest-in-turn.ts';
import { newId } from './equipment.ts';
import { pollAccount } from './stages/poll.ts';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';
import { waitFor } from '@rollcall/testing';
import type { ChunkId } from '@rollcall/domain';

/** A doorbell says that results are ready; what is read is the one in turn. */
let ground: Ground;
const never = new AbortController().signal;
const account = 'ekycpro';
beforeEach(async () => {
  ground = await layGround({ chunkSize: 30_000, change: (each) => ({ ...each, canary: 'off' }) });
});
afterEach(() => ground.close());

/** A job of one chunk whose result is ready. */
async function withResult(count: number): Promise<{ jobId: string; chunkId: string }> {
  const jobId = await ground.enqueue('telegram', ground.fresh(count), { account });
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  await submitChunk(ground.equipment, chunkId, never);
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      await pollAccount(ground.equipment, account, never);
      return (await state(jobId)) === 'result_ready';
    },
    { describe: 'its result' },
  );
  return { jobId, chunkId };
}

const state = async (jobId: string) => (await ground.chunks(jobId))[0]?.['state'];

test('the smallest result is read first, whichever rang, and every fourth time the one that waits longest', async () => {
  const large = await withResult(200);
  const small = await Promise.all([10, 11, 12].map(withResult));
  const smaller = await withResult(5);
  const ingest = ingestInTurn(ground.equipment);
  for (const next of [smaller, ...small.slice(0, 2)]) {
    expect(await ingest(large.chunkId, never)).toMatchObject({ rows: expect.any(Number) });
    expect(await state(next.jobId)).toBe('done');
  }
  expect(await state(large.jobId)).toBe('result_ready');
  await ingest(small[2]?.chunkId ?? '', never);
  expect(await state(large.jobId)).toBe('done');
  await ingest(large.chunkId, never);
  expect(await state(small[2]?.jobId ?? '')).toBe('done');
  expect(await ingest(large.chunkId, never)).toEqual({ gone: 1 });
});

test('two that ask at once take two', async () => {
  const one = await withResult(5);
  const other = await withResult(6);
  const ingest = ingestInTurn(ground.equipment);
  await Promise.all([ingest(one.chunkId, never), ingest(one.chunkId, never)]);
  expect([await state(one.jobId), await state(other.jobId)]).toEqual(['done', 'done']);
});

test('a replay that rang is not put off by results that are ready', async () => {
  const first = await withResult(5);
  const ingest = ingestInTurn(ground.equipment);
  await ingest(first.chunkId, never);
  const waiting = await withResult(6);
  await askReplay(ground.db, {
    id: newId('replay'),
    chunkId: first.chunkId as ChunkId,
    apply: false,
    by: { tenantId: 1, decidedBy: 'ana', why: 'a test' },
  });
  await ingest(first.chunkId, never);
  const { rows } = await ground.db.query('SELECT FROM store.replays WHERE due_at IS NOT NULL');
  expect(rows).toHaveLength(0);
  expect(await state(waiting.jobId)).toBe('result_ready');
});

test('with large files in all lanes but one, that one is kept for what is small', async () => {
  const large = await Promise.all([21_000, 21_001, 21_002, 21_003].map(withResult));
  await ground.fault({
    match: { account, operation: 'file' },
    next: 3,
    action: { kind: 'delay', ms: 8_000 },
  });
  const before = await ground.requests(account, 'file');
  const ingest = ingestInTurn(ground.equipment);
  const reading = large.slice(0, 3).map(({ chunkId }) => ingest(chunkId, never));
  await waitFor(async () => (await ground.requests(account, 'file')) === before + 3, {
    describe: 'three files to be asked for',
  });
  const fourth = ingest(large[3]?.chunkId ?? '', never);
  const small = await withResult(5);
  expect(await fourth).toEqual({ rows: 5 });
  expect(await state(small.jobId)).toBe('done');
  const states = await Promise.all(large.map(({ jobId }) => state(jobId)));
  expect(states.filter((each) => each === 'ingesting')).toHaveLength(3);
  expect(states).toContain('result_ready');
  await Promise.all(reading);
});
