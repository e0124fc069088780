import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { type Held, insertHeld } from '../testing/held-chunk.ts';

let ground: Ground;
let bearer: string;
let held: Held;
beforeAll(async () => {
  ground = await openGround();
  bearer = await ground.bearer(['jobs:read']);
  held = await insertHeld(ground.database);
  await ground.database.query(
    `INSERT INTO store.poll_history (chunk_id, attempt_id, tenant_id, answer, word, phase, total, success, failure, applied)
     SELECT $1, $2, 1, 'status', 'word-' || n, 'running', 5, n % 5, 0, true FROM generate_series(1, 25) n`,
    [held.chunkId, held.attemptId],
  );
});
afterAll(() => ground.close());

const get = async (path: string, authorization = bearer) => {
  const answer = await fetch(`${ground.url}/v1${path}`, { headers: { authorization } });
  return { status: answer.status, body: (await answer.json()) as Json };
};

test('pages through a job’s chunks in order, each once', async () => {
  const first = await get(`/jobs/${held.jobId}/chunks?limit=1`);
  expect(first.body.data).toMatchObject([
    { number: 1, state: 'done', numbers: 20, account: 'alpha', attempt: { outcome: 'accepted' } },
  ]);
  const second = await get(`/jobs/${held.jobId}/chunks?limit=1&cursor=${first.body.next_cursor}`);
  expect(second.body).toMatchObject({
    data: [{ id: held.chunkId, number: 2, state: 'held', reason: 'unknown' }],
    next_cursor: null,
  });
  expect((await get(`/jobs/${held.jobId}/chunks?cursor=x`)).body.code).toBe('invalid_cursor');
});

test('filters by state, and refuses a word that is none', async () => {
  const { body } = await get(`/jobs/${held.jobId}/chunks?state=held`);
  expect(body.data.map((chunk: Json) => chunk.id)).toEqual([held.chunkId]);
  expect((await get(`/jobs/${held.jobId}/chunks?state=lost`)).body.code).toBe('invalid_request');
});

test('shows one with its attempts, where their money is, and the last 20 polls, newest first', async () => {
  const { status, body } = await get(`/jobs/${held.jobId}/chunks/${held.chunkId}`);
  expect(status).toBe(200);
  expect((await get(`/chunks/${held.chunkId}`)).body).toEqual(body);
  expect(body).toMatchObject({
    id: held.chunkId,
    job_id: held.jobId,
    detail: 'connection_lost',
    attempts: [
      {
        id: held.attemptId,
        number: 1,
        outcome: 'unknown',
        amount: '0.002',
        currency: 'USD',
        money: 'reserved',
        price_per_number: '0.0004',
      },
    ],
    decisions: [],
  });
  expect(body.recent_polls.map((poll: Json) => poll.word)).toEqual(
    Array.from({ length: 20 }, (_, index) => `word-${25 - index}`),
  );
  expect((await get(body.links.self.slice('/v1'.length))).body).toEqual(body);
});

test('is not there under another job, for another tenant, or under no such id', async () => {
  const other = await insertHeld(ground.database);
  expect((await get(`/jobs/${other.jobId}/chunks/${held.chunkId}`)).status).toBe(404);
  const stranger = await ground.bearer(['jobs:read'], await addTenant(ground.database));
  for (const path of [
    `/jobs/${held.jobId}/chunks`,
    `/jobs/${held.jobId}/chunks/${held.chunkId}`,
    `/chunks/${held.chunkId}`,
  ]) {
    expect((await get(path, stranger)).status, path).toBe(404);
    const lesser = await ground.bearer(['results:read']);
    expect((await get(path, lesser)).status, path).toBe(403);
  }
  expect((await get(`/jobs/${held.jobId}/chunks/chk_1`)).status).toBe(404);
});
