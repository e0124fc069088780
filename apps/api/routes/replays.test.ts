import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Json } from '../testing/ground.ts';
import { type LiveGround, openLiveGround } from '../testing/live-ground.ts';
import { senderTo } from '../testing/send.ts';

/** Kept files read again over HTTP, by a worker that is a process of its own. */
let ground: LiveGround;
let send: ReturnType<typeof senderTo>;
let jobId: string;
let chunks: Json[];
const reason = 'a setting was wrong, ticket 4711';
const none = '01929d3e-8c00-7a31-9f5c-0242ac120003';

beforeAll(async () => {
  ground = await openLiveGround({ chunkSize: 40 });
  await ground.startWorker();
  send = senderTo(ground, await ground.bearer(['admin']));
  const numbers = Array.from({ length: 100 }, (_, index) => `+4479111${20_000 + index}`);
  const job = { check: 'telegram', purpose: 'a test', requested_by: 'vitest', numbers };
  jobId = (await send('POST', '/v1/jobs', job)).body.id;
  await ground.untilState(jobId, ['completed']);
  chunks = (await send('GET', `/v1/jobs/${jobId}/chunks`)).body.data;
}, 120_000);
afterAll(() => ground.close());

/** What a provider would have said of one number, had the settings been others: rows as an earlier worker might have written them. */
async function wronglyRead(chunkNo: number): Promise<string> {
  const { rows } = await ground.database.query<{ number: number; job_no: number }>(
    `UPDATE store.results r SET outcome = 'undetermined' FROM store.jobs j
      WHERE j.id = $1 AND r.job_no = j.job_no AND r.chunk_no = $2 AND r.outcome = 'registered'
        AND r.number = (SELECT min(o.number) FROM store.results o WHERE o.job_no = j.job_no AND o.chunk_no = $2 AND o.outcome = 'registered')
  RETURNING r.number, r.job_no`,
    [jobId, chunkNo],
  );
  const [row] = rows;
  if (!row) throw new Error('the chunk has no registered number');
  await ground.database.query(
    `UPDATE store.job_outcomes SET numbers = numbers - 1 WHERE job_no = $1 AND outcome = 'registered'`,
    [row.job_no],
  );
  await ground.database.query(
    `INSERT INTO store.job_outcomes VALUES ($1, 'undetermined', 1) ON CONFLICT (job_no, outcome) DO UPDATE SET numbers = job_outcomes.numbers + 1`,
    [row.job_no],
  );
  return `+${row.number}`;
}

const untilEnded = (id: string): Promise<Json> =>
  waitFor(
    async () => {
      const { body } = await send('GET', `/v1/replays/${id}`);
      return body.finished_at === null ? null : body;
    },
    { timeoutMs: 30_000, describe: `replay ${id} to end` },
  );

test('a chunk is compared, then corrected: the difference, its rows in pages, and the job say so', async () => {
  const [, chunk] = chunks;
  const { outcomes } = (await send('GET', `/v1/jobs/${jobId}`)).body;
  const number = await wronglyRead(chunk.number);
  const path = `/v1/chunks/${chunk.id}/replay`;
  const asked = await send('POST', path, { reason });
  expect(asked).toMatchObject({
    status: 202,
    body: { job_id: jobId, chunk_id: chunk.id, chunk_number: 2, mode: 'compare', reason },
  });
  expect(asked.response.headers.get('location')).toBe(`/v1/replays/${asked.body.id}`);
  const compared = await untilEnded(asked.body.id);
  const difference = {
    rows_before: chunk.numbers,
    rows_after: chunk.numbers,
    unchanged: chunk.numbers - 1,
    attributes_changed: 0,
    outcomes_changed: [{ from: 'undetermined', to: 'registered', numbers: 1 }],
  };
  expect(compared).toMatchObject({ state: 'done', failure: null, semantics: 'table', difference });
  const rows = await send('GET', `/v1/replays/${asked.body.id}/rows?limit=1`);
  expect(rows.body).toMatchObject({
    data: [{ number, outcome_before: 'undetermined', outcome_after: 'registered' }],
    next_cursor: null,
  });
  expect(
    (await send('GET', `/v1/jobs/${jobId}/results?outcome=undetermined`)).body.data,
  ).toContainEqual(expect.objectContaining({ number }));

  const charges = await ground.charges('ekycpro');
  const { body } = await send('POST', path, { reason, apply: true });
  expect(await untilEnded(body.id)).toMatchObject({ mode: 'correct', state: 'done', difference });
  const job = (await send('GET', `/v1/jobs/${jobId}`)).body;
  expect(job).toMatchObject({
    state: 'completed',
    outcomes,
    replays: { open: 0, applied: 1 },
  });
  const listed = await send('GET', `${job.links.replays}?limit=1`);
  expect(listed.body.data).toMatchObject([{ id: body.id }]);
  const next = await send('GET', `${job.links.replays}?cursor=${listed.body.next_cursor}`);
  expect(next.body).toMatchObject({ data: [{ id: asked.body.id }], next_cursor: null });
  expect(await ground.charges('ekycpro')).toEqual(charges);
  expect(ground.logged()).not.toContain(number.slice(1));
});

test('all chunks of a job are read again with one call; sent twice it asks once', async () => {
  const numbers = [await wronglyRead(1), await wronglyRead(3)];
  const path = `/v1/jobs/${jobId}/replay`;
  const asked = await send('POST', path, { reason, apply: true, account: 'ekycpro' });
  expect(asked).toMatchObject({
    status: 202,
    body: { job_id: jobId, refused: [], next_after: null },
  });
  expect(asked.body.replays).toHaveLength(chunks.length);
  for (const id of asked.body.replays)
    expect(await untilEnded(id)).toMatchObject({ state: 'done' });
  const rows = await send('GET', `/v1/jobs/${jobId}/results?outcome=registered&limit=1000`);
  const registered = rows.body.data.map((row: Json) => row.number);
  expect(registered).toEqual(expect.arrayContaining(numbers));
  const { rows: audit } = await ground.database.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
  expect(audit).toEqual([{ ok: true }]);
  const elsewhere = await send('POST', path, { reason, account: 'webcom' });
  expect(elsewhere.body).toMatchObject({ replays: [], refused: [], next_after: null });
  const behind = await send('POST', path, { reason, after: chunks.length });
  expect(behind.body.replays).toEqual([]);
});

test('an open replay answers for the same wish, and refuses another', async () => {
  const [chunk] = chunks;
  const path = `/v1/chunks/${chunk.id}/replay`;
  // Not due for an hour: nobody takes it while the test looks.
  const { rows } = await ground.database.query<{ id: string }>(
    `INSERT INTO store.replays (id, tenant_id, job_no, chunk_id, artifact_id, mode, asked_by, why, due_at)
         SELECT $2, tenant_id, job_no, id, artifact_id, 'compare', 'test', 'test', now() + interval '1 hour' FROM store.chunks WHERE id = $1 RETURNING id`,
    [chunk.id, `rpl_${none}`],
  );
  const waiting = rows[0]?.id;
  expect(await send('POST', path, { reason })).toMatchObject({
    status: 202,
    body: { id: waiting },
  });
  expect(await send('POST', path, { reason, apply: true })).toMatchObject({
    status: 409,
    body: { code: 'replay_running' },
  });
  const whole = await send('POST', `/v1/jobs/${jobId}/replay`, { reason, apply: true });
  expect(whole.body.refused).toEqual([{ chunk_id: chunk.id, code: 'replay_running' }]);
  for (const id of whole.body.replays) await untilEnded(id);
});

test('what never came, is gone, or belongs to somebody else is refused', async () => {
  const chunk = chunks.at(-1);
  const path = `/v1/chunks/${chunk.id}/replay`;
  await ground.database.query(
    `DELETE FROM store.blobs WHERE id = (SELECT artifact_id FROM store.chunks WHERE id = $1)`,
    [chunk.id],
  );
  expect((await send('POST', path, { reason })).body.code).toBe('artifact_gone');
  expect((await send('POST', path, {})).body).toMatchObject({ code: 'invalid_request' });
  expect((await send('POST', `/v1/chunks/chk_${none}/replay`, { reason })).status).toBe(404);
  expect((await send('POST', `/v1/jobs/job_${none}/replay`, { reason })).status).toBe(404);
  const [{ id }] = (await send('GET', `/v1/jobs/${jobId}/replays`)).body.data;
  const stranger = senderTo(
    ground,
    await ground.bearer(['admin'], await addTenant(ground.database)),
  );
  for (const at of [`/replays/${id}`, `/replays/${id}/rows`, `/jobs/${jobId}/replays`]) {
    expect((await stranger('GET', `/v1${at}`)).status, at).toBe(404);
  }
  expect((await stranger('POST', path, { reason })).status).toBe(404);
  expect((await stranger('POST', `/v1/jobs/${jobId}/replay`, { reason })).status).toBe(404);
  const reader = senderTo(ground, await ground.bearer(['jobs:read', 'jobs:write']));
  expect((await reader('POST', path, { reason })).body.code).toBe('scope_missing');
  expect((await reader('GET', `/v1/replays/${id}`)).status).toBe(200);
  expect((await reader('GET', `/v1/replays/${id}/rows`)).body.code).toBe('scope_missing');
  for (const at of [`/replays/${id}/rows`, `/jobs/${jobId}/replays`]) {
    expect((await send('GET', `/v1${at}?cursor=bm9uZQ`)).body.code, at).toBe('invalid_cursor');
  }
});
