import { afterAll, beforeAll, expect, test } from 'vitest';
import { chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import {
  archive,
  plan,
  publish,
  readyChunk,
  receive,
  someNumbers,
  startIngest,
  untilResult,
} from '../testing/walk-chunk.ts';
import { readResults } from './read-results.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

async function ingesting(count: number) {
  const { jobId, chunkId } = await readyChunk(ground, count);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  return { jobId, chunkId, ingest, artifact: await archive(ground, ingest) };
}

test('every number gets its row, with its attributes, outcome and share of the cost', async () => {
  const { jobId, chunkId, ingest, artifact } = await ingesting(4);
  const published = await publish(
    ground,
    ingest,
    artifact.id,
    (reconciliation, [first = 0, second = 0, third = 0]) => {
      reconciliation.add(first, 'registered', { age: '30', gender: 'f' });
      reconciliation.add(second, 'banned', null);
      reconciliation.add(third, 'registered', null);
      reconciliation.add(third, 'not_registered', null);
      reconciliation.add(999_999_999, 'registered', null);
    },
  );
  expect(published).toEqual({
    kind: 'published',
    outcomes: { registered: 1, banned: 1, undetermined: 1, missing: 1 },
    quarantined: 2,
    released: 0,
    closing: { kind: 'closed', state: 'completed' },
  });
  const page = { after: null, limit: 10, outcome: null };
  expect(
    ((await readResults(ground.db, 1, jobId, page))?.rows ?? []).map(
      ({ number, outcome, attributesJson, chunk }) => ({
        number,
        outcome,
        attributes: JSON.parse(attributesJson),
        isDone: chunk.isDone,
        cost: chunk.cost,
      }),
    ),
  ).toEqual([
    {
      number: '+48500000000',
      outcome: 'registered',
      attributes: { age: '30', gender: 'f' },
      isDone: true,
      cost: '0.002000000',
    },
    {
      number: '+48500000001',
      outcome: 'banned',
      attributes: null,
      isDone: true,
      cost: '0.002000000',
    },
    {
      number: '+48500000002',
      outcome: 'undetermined',
      attributes: null,
      isDone: true,
      cost: '0.002000000',
    },
    {
      number: '+48500000003',
      outcome: 'missing',
      attributes: null,
      isDone: true,
      cost: '0.002000000',
    },
  ]);
  expect((await chunkRow(ground, chunkId))['attribute_names']).toEqual(['age', 'gender']);
  const { rows } = await ground.db.query(
    'SELECT number, kind, verdicts FROM store.quarantined_rows WHERE artifact_id = $1 ORDER BY number',
    [artifact.id],
  );
  expect(rows).toEqual([
    { number: 999_999_999, kind: 'foreign', verdicts: ['registered'] },
    { number: 48_500_000_002, kind: 'contradictory', verdicts: ['registered', 'not_registered'] },
  ]);
});

test('attributes hold whatever a file holds: tabs, backslashes, a literal \\u0000, NUL, half a surrogate pair', async () => {
  const { jobId, ingest, artifact } = await ingesting(1);
  const attributes = {
    'na\tme': 'a\tb\nc\\N',
    cell: '\\u0000',
    nul: '\0',
    half: '\ud83d',
    'k\0': '"',
  };
  expect(
    await publish(ground, ingest, artifact.id, (reconciliation, [number = 0]) => {
      reconciliation.add(number, 'registered', attributes);
    }),
  ).toMatchObject({ kind: 'published' });
  expect(
    await row(ground, 'SELECT attributes FROM rollcall.results WHERE job_id = $1', [jobId]),
  ).toEqual({
    attributes: {
      'na\tme': 'a\tb\nc\\N',
      cell: '\\u0000',
      nul: '\ufffd',
      half: '\ufffd',
      'k\ufffd': '"',
    },
  });
});

test('rows are written whole or not at all: a row that is there already fails the chunk, and leaves it as it was', async () => {
  const { chunkId, ingest, artifact } = await ingesting(3);
  await ground.db.query(
    `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome) VALUES ($1, 1, 48500000002, $2, 1, 'banned')`,
    [ingest.jobDay, ingest.jobNo],
  );
  const before = await chunkRow(ground, chunkId);
  await expect(publish(ground, ingest, artifact.id)).rejects.toThrow('duplicate key');
  expect(await chunkRow(ground, chunkId)).toEqual(before);
  const written = 'SELECT count(*) AS rows FROM store.results WHERE job_no = $1';
  expect(await row(ground, written, [ingest.jobNo])).toEqual({ rows: 1 });
});

test('pages of results go on after the last number, and keep to an outcome', async () => {
  const jobId = await receive(ground, someNumbers(5));
  const [chunkId = ''] = await plan(ground, jobId, [{ size: 5 }]);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  const artifact = await archive(ground, ingest);
  await publish(ground, ingest, artifact.id, (reconciliation, numbers) => {
    for (const [index, number] of numbers.entries()) {
      reconciliation.add(number, index % 2 === 0 ? 'registered' : 'banned', null);
    }
  });
  const page = async (after: number | null, outcome: string | null) =>
    ((await readResults(ground.db, 1, jobId, { after, limit: 2, outcome }))?.rows ?? []).map(
      ({ number }) => number,
    );
  expect(await page(null, null)).toEqual(['+48500000000', '+48500000001']);
  expect(await page(48_500_000_001, null)).toEqual(['+48500000002', '+48500000003']);
  expect(await page(null, 'banned')).toEqual(['+48500000001', '+48500000003']);
  expect(await page(48_500_000_004, null)).toEqual([]);
  expect(
    await readResults(ground.db, 2, jobId, { after: null, limit: 2, outcome: null }),
  ).toBeNull();
});
