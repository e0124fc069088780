import { addSuppressions } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { eraseNumber } from './testing/erase-number.ts';

// Chunks whose numbers are all erased while they wait to be cut anew: there is nothing to cut, and they end all the same.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({
    chunkSize: 2,
    change: (account) => ({
      ...account,
      canary: 'ingest',
      checks: Object.fromEntries(
        Object.entries(account.checks).map(([name, offer]) => [name, { ...offer, minNumbers: 2 }]),
      ),
    }),
  });
});
afterAll(() => ground.close());

const never = new AbortController().signal;

async function planned(count: number) {
  const numbers = ground.fresh(count);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const chunks = await ground.chunks(jobId);
  return { numbers, jobId, chunkIds: chunks.map(({ id }) => String(id)) };
}

async function suppress(...numbers: readonly number[]): Promise<void> {
  await ground.db.transaction('test', (tx) =>
    addSuppressions(tx, 1, numbers, testDigests, 'objection'),
  );
}

async function ended(jobId: string) {
  await answerAll(ground, jobId);
  const chunks = await ground.chunks(jobId);
  const { rows } = await ground.db.query('SELECT ok, erased, pending FROM rollcall.audit($1)', [
    jobId,
  ]);
  return {
    audit: rows[0],
    standing: chunks.map(({ state }) => state).filter((state) => state !== 'superseded'),
    cutAnew: chunks.length,
  };
}

test('a chunk that the list made too small, and that an erasure empties before it is cut anew, ends with its job', async () => {
  const { numbers, jobId, chunkIds } = await planned(2);
  await suppress(numbers[0] ?? 0);
  expect(await submitChunk(ground.equipment, chunkIds[0] ?? '', never)).toEqual({ blocked: 1 });
  for (const number of numbers) await eraseNumber(ground.db, ground.equipment, number);
  await planJob(ground.equipment, jobId);
  expect(await ended(jobId)).toEqual({
    audit: { ok: true, erased: 2, pending: 0 },
    standing: ['cancelled'],
    cutAnew: 1,
  });
});

test('where the first chunk behind an ended canary was erased whole, the others are cut anew once, and it ends too', async () => {
  const { numbers, jobId, chunkIds } = await planned(8);
  for (const number of numbers.slice(2, 4)) {
    await eraseNumber(ground.db, ground.equipment, number);
  }
  await suppress(...numbers.slice(0, 2));
  expect(await submitChunk(ground.equipment, chunkIds[0] ?? '', never)).toEqual({ cancelled: 1 });
  await planJob(ground.equipment, jobId);
  expect(await ended(jobId)).toEqual({
    audit: { ok: true, erased: 2, pending: 0 },
    standing: ['cancelled', 'cancelled', 'done', 'done'],
    cutAnew: 6,
  });
});
