import { scopes } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let admin: string;
beforeAll(async () => {
  ground = await openGround();
  admin = await ground.bearer(['admin']);
});
afterAll(() => ground.close());

async function call(method: string, path: string, body?: unknown, authorization = admin) {
  const answer = await fetch(`${ground.url}/v1${path}`, {
    method,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const parsed: Json = text === '' ? null : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, body: parsed };
}

test('a key is shown once, works, is listed without itself, and ends at once when revoked', async () => {
  const made = await call('POST', '/keys', { name: 'billing', scopes: ['jobs:read'] });
  expect(made.status).toBe(201);
  expect(made.headers.get('cache-control')).toBe('no-store');
  expect(made.body).toMatchObject({ name: 'billing', scopes: ['jobs:read'], expires_at: null });
  const { id, key } = made.body;
  expect((await call('GET', '/jobs', undefined, `Bearer ${key}`)).status).toBe(200);

  const list = await call('GET', '/keys?limit=1');
  expect(list.body.data).toMatchObject([{ id, revoked_at: null }]);
  expect(list.body.data[0].last_used_at).toMatch(/Z$/);
  expect(JSON.stringify(list.body)).not.toContain('rc_live_');

  expect((await call('DELETE', `/keys/${id}`)).status).toBe(204);
  expect((await call('GET', '/jobs', undefined, `Bearer ${key}`)).status).toBe(401);
  const revoked = (await call('GET', '/keys?limit=1')).body.data[0].revoked_at;
  expect(revoked).toMatch(/Z$/);
  expect((await call('DELETE', `/keys/${id}`)).status).toBe(204);
  expect((await call('GET', '/keys?limit=1')).body.data[0].revoked_at).toBe(revoked);
  const lines = ground.logged();
  expect(lines).toContain('key.made');
  expect(lines).toContain('key.revoked');
  expect(lines).not.toContain(key.slice(-43));
});

test('a key may expire, in a time to come only', async () => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const made = await call('POST', '/keys', { name: 'a', scopes: ['jobs:read'], expires_at });
  expect([made.status, made.body.expires_at]).toEqual([201, expires_at]);
  const late = { name: 'a', scopes: ['jobs:read'], expires_at: '2020-01-01T00:00:00Z' };
  const refused = await call('POST', '/keys', late);
  expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/expires_at']);
});

test.each([
  ['no name', { scopes: ['jobs:read'] }, '/name'],
  ['a blank name', { name: ' ', scopes: ['jobs:read'] }, '/name'],
  ['a NUL in the name', { name: 'a\u0000', scopes: ['jobs:read'] }, '/name'],
  ['no scope', { name: 'a', scopes: [] }, '/scopes'],
  ['a scope twice', { name: 'a', scopes: ['jobs:read', 'jobs:read'] }, '/scopes'],
  ['a scope that there is not', { name: 'a', scopes: ['root'] }, '/scopes/0'],
  ['a time that is none', { name: 'a', scopes: ['admin'], expires_at: 'soon' }, '/expires_at'],
  ['an unknown field', { name: 'a', scopes: ['admin'], tenant: 2 }, '/tenant'],
])('%s is refused', async (_what, body, pointer) => {
  const { status, body: problem } = await call('POST', '/keys', body);
  expect([status, problem.code, problem.errors[0].pointer]).toEqual([
    422,
    'invalid_request',
    pointer,
  ]);
});

test('a body that is no JSON is refused', async () => {
  const { status, body } = await call('POST', '/keys', '{"name":');
  expect([status, body.code]).toEqual([400, 'malformed_request']);
});

test('without admin nobody makes, sees or ends keys, whatever else the key may do', async () => {
  const rest = scopes.filter((scope) => scope !== 'admin');
  const authorization = await ground.bearer(rest);
  const { id } = (await call('GET', '/key', undefined, authorization)).body;
  for (const [method, path, body] of [
    ['GET', '/keys', undefined],
    ['POST', '/keys', { name: 'a', scopes: ['admin'] }],
    ['PATCH', `/keys/${id}`, { name: 'a' }],
    ['POST', `/keys/${id}/rotate`, undefined],
    ['DELETE', `/keys/${id}`, undefined],
  ] as const) {
    const { status, body: problem } = await call(method, path, body, authorization);
    expect([method, status, problem.code]).toEqual([method, 403, 'scope_missing']);
  }
});

test('any key may see itself', async () => {
  for (const scope of scopes) {
    const { status, body } = await call('GET', '/key', undefined, await ground.bearer([scope]));
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^key_/),
        name: 'test',
        scopes: [scope],
        tenant: 'default',
        expires_at: null,
        limits: { requests_per_minute: null, numbers_per_day: null, cost_per_day: null },
        today: {
          numbers: 0,
          numbers_left: null,
          costs: [],
          resets_in_s: expect.any(Number),
        },
      },
    ]);
  }
});

test("another tenant's keys are not there", async () => {
  const stranger = await ground.bearer(['admin'], await addTenant(ground.database));
  const own = (await call('GET', '/key', undefined, admin)).body;
  const foreign = await call('DELETE', `/keys/${own.id}`, undefined, stranger);
  expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
  expect((await call('DELETE', '/keys/key_1')).status).toBe(404);
  expect((await call('GET', '/key', undefined, stranger)).body.tenant).toBe('another');
  const seen = (await call('GET', '/keys', undefined, stranger)).body.data;
  expect(seen).toHaveLength(1);
});

test('keys are paged through, newest first, each once', async () => {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await call('GET', `/keys?limit=3${cursor}`);
    ids.push(...body.data.map((key: Json) => key.id));
    if (body.next_cursor === null) break;
    cursor = `&cursor=${body.next_cursor}`;
  }
  expect(ids.length).toBeGreaterThan(5);
  expect(ids).toEqual([...new Set(ids)].sort().reverse());
});
