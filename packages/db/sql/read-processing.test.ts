import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { finish, plan, receive, someNumbers } from '../testing/walk-chunk.ts';
import { readProcessing } from './read-processing.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

test('numbers that were refused in a chunk and sent again in those that it was cut into count once', async () => {
  const { db } = ground;
  const jobId = await receive(ground, someNumbers(4));
  const chunks = await plan(ground, jobId, [{ size: 2 }, { size: 2 }]);
  for (const chunk of chunks) await finish(ground, chunk);
  // The chunk that was refused before.
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    const facts = { id: 'chk_refused', chunk_no: 9, state: 'superseded', numbers: 4 };
    await tx.query(
      'INSERT INTO store.chunks SELECT (jsonb_populate_record(c, $2)).* FROM store.chunks c WHERE c.id = $1',
      [chunks[0], facts],
    );
    const upload = {
      id: 'att_refused',
      chunk_id: 'chk_refused',
      numbers: 4,
      task_id: null,
      outcome: 'refused_free',
    };
    await tx.query(
      'INSERT INTO store.attempts SELECT (jsonb_populate_record(a, $2)).* FROM store.attempts a WHERE a.chunk_id = $1',
      [chunks[0], upload],
    );
  });
  const { day } = await row(ground, 'SELECT job_day AS day FROM store.jobs WHERE id = $1', [jobId]);
  const days = { from: String(day), to: String(day) };
  const [record] = await readProcessing(db, 1, days, { after: '', limit: 10 });
  expect(record).toMatchObject({ jobId, numbers: 4, sent: 4 });
  // As retention and erasure leave it.
  await db.query(
    "UPDATE store.chunks SET first_number = -9, last_number = -9 WHERE id = 'chk_refused'",
  );
  expect(await readProcessing(db, 1, days, { after: '', limit: 10 })).toMatchObject([{ sent: 4 }]);
  // And where half of them was erased before they were sent again.
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query('UPDATE store.attempts SET numbers = 1 WHERE chunk_id = ANY($1)', [chunks]);
  });
  expect(await readProcessing(db, 1, days, { after: '', limit: 10 })).toMatchObject([{ sent: 4 }]);
});

test('a number that was sent and erased before its chunk was sent again counts as sent', async () => {
  const { db } = ground;
  const jobId = await receive(ground, someNumbers(6));
  const chunks = await plan(ground, jobId, [{ size: 3 }, { size: 3 }]);
  for (const chunk of chunks) await finish(ground, chunk);
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    // The first chunk went out whole, and was paid again without one that was erased meanwhile.
    await tx.query(
      "UPDATE store.attempts SET outcome = 'written_off', task_id = NULL WHERE chunk_id = $1",
      [chunks[0]],
    );
    await tx.query(
      `INSERT INTO store.attempts SELECT (jsonb_populate_record(a, '{"id":"att_again","numbers":2,"task_id":null,"outcome":"unknown"}'::jsonb
         || jsonb_build_object('attempt_no', a.attempt_no + 1))).* FROM store.attempts a WHERE a.chunk_id = $1`,
      [chunks[0]],
    );
    // The second stands where one was refused that had all three, and was sent two.
    await tx.query(
      `INSERT INTO store.chunks SELECT (jsonb_populate_record(c, '{"id":"chk_whole","chunk_no":9,"state":"superseded"}')).* FROM store.chunks c WHERE c.id = $1`,
      [chunks[1]],
    );
    await tx.query(
      `INSERT INTO store.attempts SELECT (jsonb_populate_record(a, '{"id":"att_whole","chunk_id":"chk_whole","task_id":null,"outcome":"refused_free"}')).*
         FROM store.attempts a WHERE a.chunk_id = $1`,
      [chunks[1]],
    );
    await tx.query('UPDATE store.attempts SET numbers = 2 WHERE chunk_id = $1', [chunks[1]]);
  });
  const { day } = await row(ground, 'SELECT job_day AS day FROM store.jobs WHERE id = $1', [jobId]);
  const days = { from: String(day), to: String(day) };
  const records = await readProcessing(db, 1, days, { after: '', limit: 10 });
  expect(records.find((record) => record.jobId === jobId)).toMatchObject({ numbers: 6, sent: 6 });
});

test('numbers that never left do not count as sent, in a job of which some did and in one of which none did', async () => {
  const half = await receive(ground, someNumbers(6));
  const [first = ''] = await plan(ground, half, [{ size: 3 }, { size: 3 }]);
  await finish(ground, first);
  const none = await receive(ground, someNumbers(2));
  await plan(ground, none, [{ size: 2 }]);
  const { day } = await row(ground, 'SELECT job_day AS day FROM store.jobs WHERE id = $1', [half]);
  const days = { from: String(day), to: String(day) };
  const records = await readProcessing(ground.db, 1, days, { after: '', limit: 10 });
  const sent = (jobId: string) => records.find((record) => record.jobId === jobId)?.sent;
  expect([sent(half), sent(none)]).toEqual([3, 0]);
});
