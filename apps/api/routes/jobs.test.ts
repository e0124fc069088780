import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let authorization: string;
let foreign: string;
let answered: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:read', 'results:read']);
  foreign = await insertAnsweredJob(ground.database, {
    tenantId: await addTenant(ground.database),
  });
  answered = await insertAnsweredJob(ground.database, { tenantId: 1 });
});
afterAll(() => ground.close());

async function get(path: string, headers: Record<string, string> = { authorization }) {
  const response = await fetch(`${ground.url}${path}`, { headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Json,
  };
}

/** Every row of a list, page by page. */
async function walk(path: string, limit: number): Promise<Json[]> {
  const rows: Json[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`);
    expect(body.data.length).toBeLessThanOrEqual(limit);
    rows.push(...body.data);
    if (body.next_cursor === null) return rows;
    expect(body.data).toHaveLength(limit);
    cursor = `&cursor=${body.next_cursor}`;
  }
}

describe('one job', () => {
  test('shows counts, money, progress, what waits and why lines were rejected', async () => {
    const { status, body } = await get(`/v1/jobs/${answered}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: answered,
      state: 'running',
      counts: { lines: 28, accepted: 25, duplicates: 0, rejected: 3, answered: 20, pending: 5 },
      outcomes: { registered: 10, not_registered: 9, undetermined: 1, missing: 0 },
      chunks: { held: 1, blocked: 0 },
      progress: 0.8,
      money: {
        currency: 'USD',
        max_cost: null,
        cost: '0.01',
        reserved: '0.002',
        at_risk: '0',
        written_off: '0',
      },
      attention: [
        { state: 'held', reason: 'unknown', chunks: 1, numbers: 5, money_at_risk: '0.002' },
      ],
      reject_reasons: { too_short: 2, not_a_number: 1 },
      links: { results: `/v1/jobs/${answered}/results` },
    });
    expect(body.eta_seconds).toBeGreaterThanOrEqual(0);
  });

  test("another tenant's job is not there, and neither is one that never was or an id that cannot be one", async () => {
    const unknown = makeId('job', Date.now(), randomBytes(10));
    for (const id of [foreign, unknown, 'job_1', '+447911123456']) {
      for (const path of ['', '/results', '/rejects']) {
        const { status, body } = await get(`/v1/jobs/${encodeURIComponent(id)}${path}`);
        expect([status, body.code]).toEqual([404, 'not_found']);
        expect(JSON.stringify(body)).not.toContain('447911123456');
      }
    }
  });
});

describe('lists', () => {
  test('results are paged through once each, in order of number', async () => {
    const rows = await walk(`/v1/jobs/${answered}/results`, 7);
    expect(rows.map((row) => row.number)).toEqual(
      Array.from({ length: 20 }, (_, at) => `+4479111230${String(at).padStart(2, '0')}`),
    );
    expect(rows[0]).toEqual({
      number: '+447911123000',
      outcome: 'registered',
      attributes: { name: 'x' },
      account: 'alpha',
      source: 'provider',
      cost: '0.0005',
      checked_at: expect.stringMatching(/Z$/),
    });
  });

  test('a page that ends with the last row names no next page', async () => {
    const { body } = await get(`/v1/jobs/${answered}/results?limit=20`);
    expect([body.data.length, body.next_cursor, body.final]).toEqual([20, null, false]);
  });

  test('results are filtered by outcome', async () => {
    const rows = await walk(`/v1/jobs/${answered}/results?outcome=not_registered`, 4);
    expect(rows).toHaveLength(9);
    expect(new Set(rows.map((row) => row.outcome))).toEqual(new Set(['not_registered']));
  });

  test('rejects are paged through in order of line', async () => {
    const rows = await walk(`/v1/jobs/${answered}/rejects`, 2);
    expect(rows).toEqual([
      { line: 3, reason: 'too_short', raw: '+4479' },
      { line: 7, reason: 'not_a_number', raw: 'nobody' },
      { line: 11, reason: 'too_short', raw: '12' },
    ]);
  });

  test('jobs are listed newest first, only those of the tenant', async () => {
    const newer = [];
    for (let made = 0; made < 4; made += 1) {
      newer.push(await insertAnsweredJob(ground.database, { tenantId: 1 }));
    }
    const rows = await walk('/v1/jobs', 2);
    expect(rows.map((row) => row.id)).toEqual([answered, ...newer].sort().reverse());
  });

  test.each([
    ['/v1/jobs?limit=101', 'invalid_request', '/limit'],
    ['/v1/jobs?limit=0', 'invalid_request', '/limit'],
    ['/v1/jobs?limit=1&limit=2', 'invalid_request', '/limit'],
    ['/v1/jobs?limit=ten', 'invalid_request', '/limit'],
    ['/v1/jobs?colour=red', 'invalid_request', '/colour'],
    ['/v1/jobs/ID/results?limit=1001', 'invalid_request', '/limit'],
    ['/v1/jobs/ID/results?outcome=perhaps', 'invalid_request', '/outcome'],
  ])('%s is refused and names %s', async (path, code, pointer) => {
    const { status, body } = await get(path.replace('ID', answered));
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, code, pointer]);
    expect(body.errors[0].message).toMatch(/^(?:write|unknown field)/);
  });

  test.each([
    '447911123456',
    Buffer.from('{"list":"results","after":"1 OR 1=1"}').toString('base64url'),
    Buffer.from('{"list":"results","after":1,"more":1}').toString('base64url'),
    // A good cursor of another list.
    Buffer.from('{"list":"rejects","after":1}').toString('base64url'),
    Buffer.from('{"list":"results","after":1e400}').toString('base64url'),
  ])('a cursor that is none of its list is refused', async (cursor) => {
    const { status, body } = await get(`/v1/jobs/${answered}/results?cursor=${cursor}`);
    expect([status, body.code]).toEqual([422, 'invalid_cursor']);
    expect(JSON.stringify(body)).not.toContain('447911123456');
  });
});

describe('who may', () => {
  test.each(['/v1/jobs', '/v1/jobs/ID', '/v1/jobs/ID/results', '/v1/jobs/ID/rejects'])(
    'GET %s wants a key',
    async (path) => {
      for (const header of ['', 'Bearer rc_live_x', 'Basic eDp5', `${authorization}x`]) {
        const { status, headers, body } = await get(path.replace('ID', answered), {
          authorization: header,
        });
        expect([status, body.code]).toEqual([401, 'unauthenticated']);
        expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    },
  );

  test('each route wants its own scope, and admin has all', async () => {
    const roles = [
      ['jobs:read', [200, 200, 403, 403, 403]],
      ['results:read', [403, 403, 200, 200, 403]],
      ['jobs:write', [403, 403, 403, 403, 415]],
      ['admin', [200, 200, 200, 200, 415]],
    ] as const;
    for (const [scope, expected] of roles) {
      const headers = { authorization: await ground.bearer([scope]) };
      const statuses = [];
      for (const path of ['', `/${answered}`, `/${answered}/results`, `/${answered}/rejects`]) {
        statuses.push((await get(`/v1/jobs${path}`, headers)).status);
      }
      const posted = await fetch(`${ground.url}/v1/jobs`, { method: 'POST', headers });
      expect([...statuses, posted.status], scope).toEqual(expected);
    }
  });

  test('a revoked key is no key', async () => {
    const header = await ground.bearer(['jobs:read']);
    expect((await get('/v1/jobs', { authorization: header })).status).toBe(200);
    await ground.database.query(
      "UPDATE store.api_keys SET revoked_at = now() WHERE scopes = '{jobs:read}'",
    );
    expect((await get('/v1/jobs', { authorization: header })).status).toBe(401);
  });
});
