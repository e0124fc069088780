import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround, newId } from './testing/ground.ts';
import { refusal } from './testing/refusal.ts';
import { plan, readyChunk, receive, someNumbers } from './testing/walk-chunk.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

describe('chunk ranges', () => {
  const insertChunk = `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
    SELECT $2, job_no, tenant_id, 99, account, first_number + 1, last_number + 10, 3, 'ready', now() FROM store.chunks WHERE id = $1`;

  test('of a job exclude each other', async () => {
    const { chunkId } = await readyChunk(ground);
    expect(await refusal(ground, (tx) => tx.query(insertChunk, [chunkId, newId.chunk()]))).toBe(
      'chunks_of_a_job_exclude_each_other',
    );
  });

  test('may lie over a superseded one, which was never sent', async () => {
    const { chunkId } = await readyChunk(ground);
    expect(
      await refusal(ground, async (tx) => {
        await tx.query(
          "UPDATE store.chunks SET state = 'superseded', due_at = NULL, closed_at = now() WHERE id = $1",
          [chunkId],
        );
        await tx.query(insertChunk, [chunkId, newId.chunk()]);
      }),
    ).toBeNull();
  });

  test('of two jobs may be the same', async () => {
    await readyChunk(ground);
    const jobId = await receive(ground, someNumbers(3));
    expect(await plan(ground, jobId, [{ size: 3 }])).toHaveLength(1);
  });

  test('overlap with the constraint taken out: the constraint it is', async () => {
    const { chunkId } = await readyChunk(ground);
    expect(
      await refusal(ground, async (tx) => {
        await tx.query(
          'ALTER TABLE store.chunks DROP CONSTRAINT chunks_of_a_job_exclude_each_other',
        );
        await tx.query(insertChunk, [chunkId, newId.chunk()]);
      }),
    ).toBeNull();
  });
});
