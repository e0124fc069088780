import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { expire } from './sweeps/expire.ts';
import { type Ground, layGround } from './test-ground.ts';

/** A paid result that our own side cannot take in: tried again, and then held with its file, never tried for ever. */
let ground: Ground;
let serial = 0;
const never = new AbortController().signal;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.db.query('ALTER TABLE store.results DROP CONSTRAINT IF EXISTS takes_nothing');
  await ground.nothingPaidTwice();
});

/** A chunk whose task has finished. */
async function resultReady(): Promise<{ readonly jobId: string; readonly chunkId: string }> {
  serial += 1;
  const jobId = await ground.enqueue('telegram', [447_915_000_000 + serial]);
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  expect(await submitChunk(ground.equipment, chunkId, never)).toEqual({ polling: 1 });
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      await pollAccount(ground.equipment, 'ekycpro', never);
      return (await ground.chunks(jobId))[0]?.['state'] === 'result_ready';
    },
    { describe: 'the task to finish' },
  );
  await ground.hurry(jobId);
  return { jobId, chunkId };
}

/** From now on Postgres takes no row of a result. */
async function takeNothing(): Promise<void> {
  await ground.db.query(
    'ALTER TABLE store.results ADD CONSTRAINT takes_nothing CHECK (job_no < 0) NOT VALID',
  );
}

async function artifactOf(chunkId: string): Promise<unknown> {
  const { rows } = await ground.db.query(
    'SELECT parse_started FROM store.artifacts WHERE chunk_id = $1',
    [chunkId],
  );
  return rows;
}

test('rows that Postgres refuses every time leave the chunk held with its file, downloaded once', async () => {
  const { jobId, chunkId } = await resultReady();
  await takeNothing();
  for (let tries = 1; tries <= 8; tries += 1) {
    expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'result_ready' });
    await expect(ingestChunk(ground.equipment, chunkId, never)).rejects.toThrow('takes_nothing');
    await ground.hurry(jobId);
  }
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'held',
    reason: 'artifact',
    held_detail: 'ingest_keeps_failing',
    due_at: null,
  });
  expect(await artifactOf(chunkId)).toEqual([{ parse_started: 0 }]);
  expect(await ground.requests('ekycpro', 'file')).toBe(1);
});

test('an ingest whose worker dies every time ends the same way', async () => {
  const { jobId, chunkId } = await resultReady();
  for (let tries = 1; tries <= 8; tries += 1) {
    await ground.db.query(
      "UPDATE store.chunks SET state = 'ingesting', fence = fence + 1, due_at = clock_timestamp() WHERE id = $1 AND state = 'result_ready'",
      [chunkId],
    );
    await waitFor(async () => (await expire(ground.equipment)).ingests === 1, {
      describe: 'the lease to run out',
    });
  }
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'held',
    reason: 'artifact',
    held_detail: 'ingest_keeps_failing',
  });
});

test('a file that ended its parser twice is not opened a third time', async () => {
  const { jobId, chunkId } = await resultReady();
  await takeNothing();
  await expect(ingestChunk(ground.equipment, chunkId, never)).rejects.toThrow('takes_nothing');
  await ground.db.query('ALTER TABLE store.results DROP CONSTRAINT takes_nothing');
  // What two workers leave that die while they parse.
  await ground.db.query('UPDATE store.artifacts SET parse_started = 2 WHERE chunk_id = $1', [
    chunkId,
  ]);
  await ground.hurry(jobId);
  expect(await ingestChunk(ground.equipment, chunkId, never)).toEqual({ hold: 1 });
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'held',
    reason: 'artifact',
    held_detail: 'parser_died',
  });
  expect(await artifactOf(chunkId)).toEqual([{ parse_started: 2 }]);
});

test('a download that takes longer than its lease is not taken over: the worker’s heartbeat keeps the claim', async () => {
  const beating = await layGround({ lease_ms: 4_000, heartbeat_ms: 200 });
  try {
    await beating.fault({
      match: { account: 'ekycpro', operation: 'file' },
      action: { kind: 'delay', ms: 9_000 },
    });
    await beating.start(testBackends.at(-1) ?? 'postgres');
    const jobId = await beating.enqueue('telegram', [447_916_000_001]);
    await beating.untilState(jobId, ['completed'], 60_000);
    expect(beating.logged.filter((line) => line['event'] === 'chunk.stale')).toEqual([]);
    expect(await beating.requests('ekycpro', 'file')).toBe(1);
  } finally {
    await beating.close();
  }
});
