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

  test('do not cost a lookup its chunks when their index is split under a statement', async () => {
    const dead = await readyChunk(ground);
    const living = await readyChunk(ground);
    const addChunks = `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
      SELECT c.id || '_' || n, c.job_no, c.tenant_id, n, c.account, n, n, 1, 'ready', now() FROM store.chunks c, generate_series($2::integer, $3) n WHERE c.id = $1`;
    await ground.db.query(
      `DO $$ BEGIN FOR n IN 1..60 LOOP UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = '${dead.chunkId}'; END LOOP; END $$`,
    );
    await ground.db.query(addChunks, [living.chunkId, 2, 41]);
    const found = await ground.db.transaction('test', async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
      await tx.query(
        `DECLARE by_job CURSOR FOR SELECT (SELECT count(*) FROM store.chunks c WHERE c.job_no = j.job_no AND c.state <> 'superseded')
           FROM store.jobs j WHERE j.id IN ('${dead.jobId}', '${living.jobId}') ORDER BY j.job_no`,
      );
      await tx.query('FETCH 1 FROM by_job');
      await tx.query(addChunks, [living.chunkId, 42, 200]);
      await tx.query('FETCH 1 FROM by_job');
      const { rows } = await tx.query(
        `SELECT count(*) AS chunks FROM store.chunks c JOIN store.jobs j USING (job_no) WHERE j.id = $1 AND c.state <> 'superseded'`,
        [living.jobId],
      );
      return rows[0];
    });
    expect(found).toEqual({ chunks: 200 });
  });
});
