import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { insertHeld, insertHeldAccepted } from '../testing/held-chunk.ts';

let ground: Ground;
let bearer: string;
beforeAll(async () => {
  ground = await openGround();
  bearer = await ground.bearer(['jobs:read']);
});
afterAll(() => ground.close());

const get = async (path: string, authorization = bearer) => {
  const answer = await fetch(`${ground.url}/v1${path}`, { headers: { authorization } });
  return { status: answer.status, body: (await answer.json()) as Json };
};

describe('the list of holds', () => {
  test('is paged, oldest first, each once, with the totals of all that is asked for', async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      made.push((await insertHeld(ground.database)).chunkId);
    }
    // Held in one moment, as a sweep does it: the id tells them apart.
    await ground.database.query(
      `UPDATE store.chunks SET held_since = '2026-01-01T00:00:00.123456Z' WHERE id = ANY($1)`,
      [made.slice(0, 3)],
    );
    const seen: string[] = [];
    let path: string | null = '/holds?limit=2';
    while (path !== null) {
      const { body }: Json = await get(path);
      seen.push(...body.data.map((hold: Json) => hold.chunk_id));
      expect(body.totals).toEqual({
        chunks: 5,
        numbers: 25,
        money_at_risk: [{ currency: 'USD', amount: '0.01' }],
        money_paid: [],
      });
      path = body.next_cursor === null ? null : `/holds?limit=2&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual([...made.slice(0, 3).toSorted(), ...made.slice(3)]);
  });

  test('is filtered by account, job, reason and check', async () => {
    const { jobId, chunkId } = await insertHeldAccepted(ground.database, 'poll');
    for (const filter of [`job=${jobId}`, 'reason=poll']) {
      const { body } = await get(`/holds?${filter}`);
      expect(body.data, filter).toMatchObject([
        {
          chunk_id: chunkId,
          account: 'alpha',
          check: 'telegram',
          attempt_outcome: 'accepted',
          allowed: ['adopt', 'keep_polling', 'give_up'],
          money_at_risk: '0.002',
        },
      ]);
      // What was accepted is spent: nothing of it is in doubt.
      expect(body.totals).toEqual({
        chunks: 1,
        numbers: 5,
        money_at_risk: [],
        money_paid: [{ currency: 'USD', amount: '0.002' }],
      });
    }
    for (const filter of ['account=beta', 'check=viber', 'reason=artifact']) {
      expect((await get(`/holds?${filter}`)).body, filter).toEqual({
        data: [],
        next_cursor: null,
        totals: { chunks: 0, numbers: 0, money_at_risk: [], money_paid: [] },
      });
    }
    expect((await get('/holds?reason=nothing')).body.code).toBe('invalid_request');
    expect((await get('/holds?cursor=x')).body.code).toBe('invalid_cursor');
  });
});

test('a hold shows its evidence, in which no full number stands, whatever wrote it', async () => {
  const { chunkId, attemptId } = await insertHeld(ground.database);
  await ground.database.query(
    `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, started_at, duration_ms, headers_sent, http_status, body_excerpt, transport_error)
     VALUES ($1, 1, 'submit', 'connection_lost', now(), 1200, true, 502, 'gateway failed for +447911123456, key api_key=abcdefgh', 'UND_ERR_SOCKET')`,
    [attemptId],
  );
  const { status, body } = await get(`/holds/${chunkId}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    chunk_id: chunkId,
    allowed: ['adopt', 'pay_again', 'give_up'],
    decisions: [],
    evidence: [
      {
        attempt_id: attemptId,
        operation: 'submit',
        verdict: 'connection_lost',
        headers_sent: true,
        http_status: 502,
        body_excerpt: 'gateway failed for [number], key api_key=[key]',
        transport_error: 'UND_ERR_SOCKET',
      },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('7911123456');
});

test('a hold is not there for another tenant, nor where nothing is held', async () => {
  const { jobId, chunkId } = await insertHeld(ground.database);
  const stranger = await ground.bearer(['jobs:read'], await addTenant(ground.database));
  expect((await get(`/holds/${chunkId}`, stranger)).status).toBe(404);
  expect((await get(`/holds?job=${jobId}`, stranger)).body.data).toEqual([]);
  const { rows } = await ground.database.query(
    `SELECT c.id FROM store.chunks c WHERE c.state = 'done' LIMIT 1`,
  );
  expect((await get(`/holds/${rows[0].id}`)).status).toBe(404);
  const lesser = await ground.bearer(['holds:resolve']);
  for (const path of ['/holds', `/holds/${chunkId}`]) {
    expect((await get(path, lesser)).status, path).toBe(403);
  }
});
