import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { confirmSemantics, giveUp, replayArtifact } from '@rollcall/db';
import { makeZip, testBackends } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from '../test-ground.ts';
import { ingestChunk } from './ingest.ts';

/** What a result file makes of its chunk: `faults.md` rows 23 to 25. Rows are there whole or not at all. */
let ground: Ground;
/** A second host that result files may lie on: what it has is a bomb. */
const bombs = createServer((_, response) => {
  void makeZip({ 'all.csv': `number,activated\n${'\n'.repeat(17_500_000)}` }).then((bomb) =>
    response.end(bomb),
  );
});
let bombHost = '';
const by = { tenantId: 1, decidedBy: 'operator@example', why: 'test' };
const create = { account: 'ekycpro', operation: 'create' };

beforeAll(async () => {
  bombs.listen(0, '127.0.0.1');
  await once(bombs, 'listening');
  bombHost = `127.0.0.1:${(bombs.address() as AddressInfo).port}`;
  ground = await layGround({
    chunkSize: 1_000,
    change: (account) => ({
      ...account,
      resultHosts: [...account.resultHosts, bombHost],
      download_deadline_ms: 2_000,
      maxResultBytes: 300_000,
      semanticsConfirmed: account.id !== 'webcom',
    }),
  });
  await ground.start(testBackends[0] ?? 'postgres');
});
afterAll(async () => {
  await ground.close();
  bombs.close();
});
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});

async function rowsOf(jobId: string): Promise<{ number: string; outcome: string }[]> {
  const { rows } = await ground.db.query(
    'SELECT number, outcome FROM rollcall.results WHERE job_id = $1 ORDER BY number',
    [jobId],
  );
  return rows;
}

async function truth(
  account: string,
  taskType: string,
  numbers: readonly number[],
): Promise<Map<string, string>> {
  const response = await fetch(
    `${ground.simulator.url}/_sim/truth?account=${account}&task_type=${taskType}`,
    {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: numbers.join('\n'),
    },
  );
  const lines = (await response.text()).trim().split('\n').slice(1);
  return new Map(lines.map((line) => line.split(',') as [string, string]));
}

describe.each(['zip_full', 'xlsx', 'zip_xlsx', 'zip_registered', 'zip_csv'])(
  'a file as %s',
  (layout) => {
    test('says of every number what is true of it', async () => {
      await ground.fault({ match: create, action: { kind: 'file', edits: { layout } } });
      const numbers = ground.fresh(400);
      const jobId = await ground.enqueue('telegram', numbers);
      await ground.untilState(jobId, ['completed']);
      const expected = await truth('ekycpro', 'tg', numbers);
      const rows = await rowsOf(jobId);
      expect(rows.map((row) => [row.number.slice(1), row.outcome])).toEqual(
        numbers.map((number) => [String(number), expected.get(String(number))]),
      );
    });
  },
);

describe('a file that is not the answer is held with its bytes, and no row is written', () => {
  test.each([
    ['an HTML page', { instead: 'html' }, 'html'],
    ['empty', { instead: 'empty' }, 'empty'],
    [
      'fault 25: another chunk’s numbers',
      { missing_rows: 200, foreign_rows: 200 },
      'not_this_chunk',
    ],
    ['far too few rows', { missing_rows: 150, layout: 'zip_csv' }, 'count_in_doubt'],
    [
      'fault 24: cut in the middle, and closed in order',
      { keep_share: 0.5, layout: 'zip_csv' },
      /cut|corrupt|malformed/,
    ],
  ])('%s', async (_, edits, code) => {
    await ground.fault({ match: create, action: { kind: 'file', edits } });
    const jobId = await ground.enqueue('telegram', ground.fresh(200));
    const chunk = await ground.hurryUntil(jobId, ['held']);
    expect(chunk).toMatchObject({ reason: 'artifact' });
    expect(String(chunk['held_detail'])).toMatch(code);
    expect(await rowsOf(jobId)).toEqual([]);
    const kept = await ground.db.query(
      'SELECT count(*) AS parts FROM store.artifacts WHERE chunk_id = $1 AND verdict IS NOT NULL',
      [chunk['id']],
    );
    expect(kept.rows).toEqual([{ parts: 1 }]);
  });
});

test('fault 25: a few missing rows are `missing`, never `not_registered`', async () => {
  await ground.fault({ match: create, action: { kind: 'file', edits: { missing_rows: 8 } } });
  const numbers = ground.fresh(400);
  const jobId = await ground.enqueue('telegram', numbers);
  await ground.untilState(jobId, ['completed']);
  const expected = await truth('ekycpro', 'tg', numbers);
  const missing = [...expected.values()].filter((outcome) => outcome === 'missing').length;
  expect((await ground.job(jobId))['missing']).toBe(missing + 8);
});

test('fault 25: doubled rows count once; contradictory ones are undetermined and set aside, foreign ones set aside with an alert', async () => {
  await ground.fault({
    match: create,
    action: {
      kind: 'file',
      edits: { doubled_rows: 5, contradictory_rows: 4, foreign_rows: 3, layout: 'zip_csv' },
    },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(400));
  await ground.untilState(jobId, ['completed']);
  expect(await rowsOf(jobId)).toHaveLength(400);
  const { rows } = await ground.db.query(
    `SELECT q.kind, count(*) AS rows FROM store.quarantined_rows q JOIN store.jobs j ON j.job_no = q.job_no WHERE j.id = $1 GROUP BY 1 ORDER BY 1`,
    [jobId],
  );
  expect(rows).toEqual([
    { kind: 'contradictory', rows: 4 },
    { kind: 'foreign', rows: 3 },
  ]);
  const contradictory = await ground.db.query(
    `SELECT r.outcome, count(*) AS numbers FROM store.quarantined_rows q JOIN store.results r ON r.job_no = q.job_no AND r.number = q.number
       JOIN store.jobs j ON j.job_no = q.job_no WHERE j.id = $1 AND q.kind = 'contradictory' GROUP BY 1`,
    [jobId],
  );
  expect(contradictory.rows).toEqual([{ outcome: 'undetermined', numbers: 4 }]);
  expect(ground.logged).toContainEqual(
    expect.objectContaining({
      event: 'artifact.quarantined',
      reason: 'rows_set_aside',
      job: jobId,
    }),
  );
});

test('fault 24: a compressed bomb is refused while it inflates, held with its bytes, and its neighbour goes on', async () => {
  await ground.fault({
    match: create,
    action: {
      kind: 'statuses',
      statuses: [{ status: 'exported', result_url: `http://${bombHost}/bomb.zip` }],
    },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'artifact',
    held_detail: 'too_large',
  });
  expect(await rowsOf(jobId)).toEqual([]);
  const neighbour = await ground.enqueue('telegram', ground.fresh(20));
  await ground.untilState(neighbour, ['completed']);
});

test('fault 25: rows in another order say the same of every number', async () => {
  await ground.fault({
    match: create,
    action: { kind: 'file', edits: { reordered: true, layout: 'zip_csv' } },
  });
  const numbers = ground.fresh(200);
  const jobId = await ground.enqueue('telegram', numbers);
  await ground.untilState(jobId, ['completed']);
  const expected = await truth('ekycpro', 'tg', numbers);
  expect((await rowsOf(jobId)).map((row) => [row.number.slice(1), row.outcome])).toEqual(
    numbers.map((number) => [String(number), expected.get(String(number))]),
  );
});

test('ingesting the same artifact again changes nothing', async () => {
  const jobId = await ground.enqueue('telegram', ground.fresh(50));
  await ground.untilState(jobId, ['completed']);
  const before = await rowsOf(jobId);
  const [chunk] = await ground.chunks(jobId);
  expect(
    await ingestChunk(ground.equipment, String(chunk?.['id']), new AbortController().signal),
  ).toEqual({ gone: 1 });
  expect(await rowsOf(jobId)).toEqual(before);
  const audit = await ground.db.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
  expect(audit.rows).toEqual([{ ok: true }]);
});

test('fault 23: an expired URL is replaced by polling again; without a fresh one the chunk is held after five', async () => {
  await ground.fault({ match: create, action: { kind: 'expired_urls', count: 2 } });
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  expect(await ground.hurryUntil(jobId, ['done'])).toMatchObject({ locator_refreshes: 2 });
  await ground.fault({ match: create, action: { kind: 'expired_urls', count: 50 } });
  const never = await ground.enqueue('telegram', ground.fresh(20));
  expect(await ground.hurryUntil(never, ['held'])).toMatchObject({
    reason: 'poll',
    held_detail: 'no_fresh_url',
  });
});

test('fault 24: a download that breaks off or drips is tried again; the task is not paid for again', async () => {
  await ground.fault([
    { match: { account: 'ekycpro', operation: 'file' }, action: { kind: 'cut_body' } },
    {
      match: { account: 'ekycpro', operation: 'file' },
      nth: 2,
      action: { kind: 'slow_body', bytes_per_second: 1 },
    },
  ]);
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  expect(await ground.hurryUntil(jobId, ['done'])).toMatchObject({ ingest_tries: 2 });
});

test('fault 24: a body without an end is stopped at the byte cap and held', async () => {
  await ground.fault({
    match: { account: 'ekycpro', operation: 'file' },
    action: { kind: 'endless_body' },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'artifact',
    held_detail: 'too_large',
  });
  await giveUp(ground.db, String((await ground.chunks(jobId))[0]?.['id']), by);
  await ground.untilState(jobId, ['completed_with_errors']);
});

test('the first list of an account is held until a person has confirmed what it means; a replay then reads it', async () => {
  const numbers = ground.fresh(300);
  const jobId = await ground.enqueue('viber', numbers);
  const chunk = await ground.hurryUntil(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'artifact', held_detail: 'semantics_unconfirmed' });
  const files = await ground.requests('webcom', 'file');
  await confirmSemantics(ground.db, 'webcom');
  expect(await replayArtifact(ground.db, String(chunk['id']), by)).toMatchObject({
    kind: 'decided',
    state: 'result_ready',
  });
  await ground.untilState(jobId, ['completed']);
  expect(await ground.requests('webcom', 'file')).toBe(files);
  const expected = await truth('webcom', 'Viber_cheking', numbers);
  expect(new Map((await rowsOf(jobId)).map((row) => [row.number.slice(1), row.outcome]))).toEqual(
    expected,
  );
});

test('a list whose length is not what the provider counted is held', async () => {
  await confirmSemantics(ground.db, 'webcom');
  await ground.fault({
    match: { account: 'webcom', operation: 'create' },
    action: { kind: 'file', edits: { missing_rows: 20 } },
  });
  const jobId = await ground.enqueue('viber', ground.fresh(300));
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'artifact',
    held_detail: 'filtered_count_differs',
  });
});

test('a list of nobody is an empty file, where the provider counted nobody', async () => {
  await confirmSemantics(ground.db, 'webcom');
  const all = ground.fresh(200);
  const expected = await truth('webcom', 'Viber_cheking', all);
  const nobody = all
    .filter((number) => expected.get(String(number)) === 'not_registered')
    .slice(0, 5);
  const jobId = await ground.enqueue('viber', nobody);
  await ground.untilState(jobId, ['completed']);
  expect(await ground.job(jobId)).toMatchObject({ not_registered: 5, registered: 0 });
});
