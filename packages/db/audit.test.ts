import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockJobForPlanning } from './sql/planned-job.ts';
import { closeIfAudited } from './sql/close-job.ts';
import { type Ground, layGround, once, row } from './testing/ground.ts';
import {
  archive,
  finish,
  plan,
  publish,
  readyChunk,
  receive,
  someNumbers,
  startIngest,
  untilResult,
} from './testing/walk-chunk.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const audit = async (jobId: string) => row(ground, 'SELECT * FROM rollcall.audit($1)', [jobId]);

test('both sums hold of a job that is whole, while it runs and after', async () => {
  const jobId = await receive(ground, someNumbers(5), {
    lines: 8,
    duplicates: 1,
    rejected: 2,
    rejects: once([
      { line: 1, reason: 'too_short', raw: '1' },
      { line: 2, reason: 'too_short', raw: '2' },
    ]),
  });
  expect(await audit(jobId)).toMatchObject({ ok: true, pending: 5 });
  const [first = '', second = ''] = await plan(ground, jobId, [{ size: 2 }, { size: 3 }]);
  expect(await audit(jobId)).toMatchObject({ ok: true, pending: 5, chunk_numbers: 5 });
  await finish(ground, first);
  expect(await audit(jobId)).toMatchObject({ ok: true, pending: 3, result_rows: 2 });
  await finish(ground, second);
  expect(await audit(jobId)).toEqual({
    lines: 8,
    accepted: 5,
    duplicates: 1,
    rejected: 2,
    reject_rows: 2,
    number_rows: 5,
    result_rows: 5,
    counted_outcomes: 5,
    pending: 0,
    chunk_numbers: 5,
    lines_ok: true,
    numbers_ok: true,
    ok: true,
    erased: 0,
  });
});

describe('it detects', () => {
  const damages = [
    {
      what: 'a result row that is gone',
      sql: 'DELETE FROM store.results WHERE job_no = $1 AND number = 48500000001',
      sums: { lines_ok: true, numbers_ok: false },
    },
    {
      what: 'a result row that is there twice',
      sql: `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
            SELECT job_day, tenant_id, number + 1000, job_no, chunk_no, outcome FROM store.results WHERE job_no = $1 LIMIT 1`,
      sums: { lines_ok: true, numbers_ok: false },
    },
    {
      what: 'a number that is gone',
      sql: 'DELETE FROM store.job_numbers WHERE job_no = $1 AND number = 48500000001',
      sums: { lines_ok: false, numbers_ok: true },
    },
    {
      what: 'a reject that is there and not counted',
      sql: `INSERT INTO store.rejects (job_day, tenant_id, job_no, line_no, reason, raw)
            SELECT job_day, tenant_id, job_no, 99, 'too_short', '1' FROM store.jobs WHERE job_no = $1`,
      sums: { lines_ok: false, numbers_ok: true },
    },
    {
      what: 'a counter that drifted from the rows',
      sql: 'UPDATE store.job_outcomes SET numbers = numbers + 1 WHERE job_no = $1',
      sums: { lines_ok: true, numbers_ok: false },
    },
    {
      what: 'a chunk that was planned with too many numbers',
      sql: 'UPDATE store.chunks SET numbers = numbers + 1 WHERE job_no = $1',
      sums: { lines_ok: true, numbers_ok: false },
    },
  ];
  test.each(damages)('$what', async ({ sql, sums }) => {
    const { jobId, chunkId } = await readyChunk(ground);
    await finish(ground, chunkId);
    const { job_no: jobNo } = await row(ground, 'SELECT job_no FROM store.jobs WHERE id = $1', [
      jobId,
    ]);
    expect((await audit(jobId))['ok']).toBe(true);
    expect((await ground.db.query(sql, [jobNo])).rowCount).toBe(1);
    expect(await audit(jobId)).toMatchObject({ ...sums, ok: false });
  });
});

test('a job whose sums do not hold stays open, is looked at again, and closes once they do', async () => {
  const { jobId, chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  const artifact = await archive(ground, ingest);
  await ground.db.query(
    "INSERT INTO store.job_outcomes (job_no, outcome, numbers) VALUES ($1, 'banned', 1)",
    [ingest.jobNo],
  );
  expect(await publish(ground, ingest, artifact.id)).toMatchObject({
    kind: 'published',
    closing: { kind: 'audit_failed' },
  });
  const job =
    "SELECT state, due_at > now() AND due_at < now() + interval '2 minutes' AS looked_at FROM store.jobs WHERE id = $1";
  expect(await row(ground, job, [jobId])).toEqual({ state: 'running', looked_at: true });
  await ground.db.query("DELETE FROM store.job_outcomes WHERE job_no = $1 AND outcome = 'banned'", [
    ingest.jobNo,
  ]);
  expect(
    await ground.db.transaction('test', async (tx) => {
      const locked = await lockJobForPlanning(tx, jobId);
      return closeIfAudited(tx, locked?.jobNo ?? 0, jobId, 'running');
    }),
  ).toEqual({ kind: 'closed', state: 'completed' });
});
