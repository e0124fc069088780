import { noteFileWithErased } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { erase } from './sweeps/erase.ts';
import { type Ground, layGround } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { eraseNumber } from './testing/erase-number.ts';

// Result files that nobody can look into: they were paid for, and a person or a later reader may yet make something of them.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

interface File {
  readonly id: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly jobNo: number;
}

/** The result files that are kept of a job, in the order of their chunks. */
async function resultFiles(jobId: string): Promise<readonly File[]> {
  const { rows } = await ground.db.query<File>(
    `SELECT b.id, b.job_day AS "jobDay", b.tenant_id AS "tenantId", b.job_no AS "jobNo"
       FROM store.jobs j JOIN store.chunks c ON c.job_no = j.job_no JOIN store.artifacts a ON a.chunk_id = c.id JOIN store.blobs b ON b.id = a.id
      WHERE j.id = $1 ORDER BY c.chunk_no`,
    [jobId],
  );
  return rows;
}

test('one is removed where its own chunk had the number, and kept where another chunk of the job had it, also when it comes later', async () => {
  const { db, equipment } = ground;
  const numbers = ground.fresh(40);
  const jobId = await ground.enqueue('telegram', numbers);
  await answerAll(ground, jobId);
  const [own, other] = await resultFiles(jobId);
  if (!own || !other) throw new Error('the job was not cut in two');
  // The beginning of an archive, and no more of it.
  await db.query("UPDATE store.blobs SET encoding = 'identity' WHERE id = ANY($1)", [
    [own.id, other.id],
  ]);
  await db.query('UPDATE store.blob_parts SET bytes = $2 WHERE blob_id = ANY($1)', [
    [own.id, other.id],
    Buffer.from('PK\x03\x04'),
  ]);
  const [number = 0] = numbers;
  await eraseNumber(db, equipment, number);
  expect(await resultFiles(jobId)).toEqual([other]);

  await db.transaction('test', (tx) => noteFileWithErased(tx, other));
  await erase(equipment);
  expect(await resultFiles(jobId)).toEqual([other]);
  expect((await db.query('SELECT FROM store.erased_files WHERE done_at IS NULL')).rowCount).toBe(0);
  const said = ground.logged.filter(({ event }) => event === 'erasure.file_unreadable');
  expect(said.map(({ artifact }) => artifact)).toEqual([other.id, other.id]);
});
