import { openSession } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

/** What becomes of a key once it is made: rotated, changed, made again, ended; and what of it is stored. */

let ground: Ground;
let admin: string;
beforeAll(async () => {
  ground = await openGround();
  admin = await ground.bearer(['admin']);
});
afterAll(() => ground.close());

async function call(
  method: string,
  path: string,
  body?: unknown,
  authorization = admin,
  more: Readonly<Record<string, string>> = {},
) {
  const answer = await fetch(`${ground.url}/v1${path}`, {
    method,
    headers: {
      ...more,
      authorization,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const parsed: Json = text === '' ? null : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, body: parsed };
}

const valid = async (key: string) =>
  (await call('GET', '/key', undefined, `Bearer ${key}`)).status === 200;
const make = async (body: Json = {}, headers: Record<string, string> = {}) =>
  (await call('POST', '/keys', { name: 'a', scopes: ['jobs:read'], ...body }, admin, headers)).body;
const listed = async (id: string) =>
  (await call('GET', '/keys?limit=100')).body.data.find((key: Json) => key.id === id);

test('a key is rotated: the new one may the same, and the old one works until the overlap is over', async () => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const limits = { requests_per_minute: 500, numbers_per_day: 1_000, cost_per_day: '2.5' };
  const old = await make({ name: 'billing', expires_at, ...limits });
  const rotated = await call('POST', `/keys/${old.id}/rotate`, { overlap_s: 60 });
  expect(rotated.status).toBe(201);
  expect(rotated.headers.get('cache-control')).toBe('no-store');
  const { key, ...shown } = rotated.body;
  expect(shown).toMatchObject({ name: 'billing', scopes: ['jobs:read'], rotated_from: old.id });
  expect(shown).toMatchObject(limits);
  // It lives as long as the old one was to, from now on.
  expect(Date.parse(shown.expires_at)).toBeGreaterThanOrEqual(Date.parse(expires_at));
  const [oldEnds, in30s] = [Date.parse(shown.old_key_ends_at), Date.now() + 30_000];
  expect(oldEnds).toBeGreaterThan(in30s);
  expect(oldEnds).toBeLessThan(in30s + 60_000);
  expect([await valid(old.key), await valid(key)]).toEqual([true, true]);
  expect((await listed(old.id)).expires_at).toBe(shown.old_key_ends_at);
  expect((await listed(shown.id)).rotated_from).toBe(old.id);
  await ground.database.query(
    "UPDATE store.api_keys SET expires_at = now() - interval '1 second' WHERE id = $1",
    [old.id],
  );
  expect([await valid(old.key), await valid(key)]).toEqual([false, true]);
  // It has ended, and whoever rotated it has the new one.
  expect((await call('POST', `/keys/${old.id}/rotate`)).body.code).toBe('key_in_use');
});

test('without an overlap the old key ends at once, and an absent body is a day of it', async () => {
  const old = await make();
  const { key } = (await call('POST', `/keys/${old.id}/rotate`, { overlap_s: 0 })).body;
  expect([await valid(old.key), await valid(key)]).toEqual([false, true]);
  const other = await make();
  const { old_key_ends_at: ends } = (await call('POST', `/keys/${other.id}/rotate`)).body;
  const day_ms = 86_400_000;
  expect(Math.abs(Date.parse(ends) - Date.now() - day_ms)).toBeLessThan(600_000);
  for (const overlap_s of [-1, 1.5, 2_592_001, 'a day']) {
    const refused = await call('POST', `/keys/${other.id}/rotate`, { overlap_s });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/overlap_s']);
  }
});

test('a key that has ended, and was rotated into none, stays ended', async () => {
  const { id } = await make();
  expect((await call('DELETE', `/keys/${id}`)).status).toBe(204);
  const refused = await call('POST', `/keys/${id}/rotate`);
  expect([refused.status, refused.body.code]).toEqual([409, 'key_ended']);
});

test('a rotation that is sent again leaves one new key, unless the first was used', async () => {
  const old = await make();
  const rotate = () => call('POST', `/keys/${old.id}/rotate`);
  const first = (await rotate()).body;
  const second = (await rotate()).body;
  expect((await listed(first.id)).revoked_at).not.toBeNull();
  expect(await valid(second.key)).toBe(true);
  expect(await valid(first.key)).toBe(false);
  const third = await rotate();
  expect([third.status, third.body.code]).toEqual([409, 'key_in_use']);
  expect(third.body.detail).toContain(second.id);
  const atOnce = await make();
  const withoutOverlap = () => call('POST', `/keys/${atOnce.id}/rotate`, { overlap_s: 0 });
  await withoutOverlap();
  // It has ended, and nobody has the new one: as above, but it does not live again.
  const again = await withoutOverlap();
  const longer = await call('POST', `/keys/${atOnce.id}/rotate`, { overlap_s: 60 });
  expect([again.status, longer.status]).toEqual([201, 201]);
  expect([await valid(atOnce.key), await valid(again.body.key)]).toEqual([false, false]);
  expect(await valid(longer.body.key)).toBe(true);
  const made = await Promise.all(
    Array.from({ length: 4 }, () => call('POST', `/keys/${second.id}/rotate`)),
  );
  const ids = made.map(({ body }) => body.id);
  const left = (await Promise.all(ids.map(listed))).filter((key) => key.revoked_at === null);
  expect(left).toHaveLength(1);
});

test('under an Idempotency-Key one key comes of it, which is told once', async () => {
  const headers = { 'idempotency-key': 'deploy-1' };
  const first = await make({}, headers);
  const second = await make({}, headers);
  expect((await listed(first.id)).revoked_at).not.toBeNull();
  expect((await listed(second.id)).revoked_at).toBeNull();
  expect((await make({ name: 'b' }, headers)).code).toBe('idempotency_key_reused');
  expect(await valid(second.key)).toBe(true);
  const third = await make({}, headers);
  expect([third.code, third.detail.includes(second.id)]).toEqual(['key_in_use', true]);
});

test('the admin key that lives longest is not revoked by accident, and can be rotated at once', async () => {
  const tenant = await ground.database.query<{ id: number }>(
    "INSERT INTO store.tenants (name) VALUES ('of one admin') RETURNING id",
  );
  const tenantId = tenant.rows[0]?.id ?? 0;
  const only = await ground.bearer(['admin'], tenantId);
  const as = (method: string, path: string, body?: unknown) => call(method, path, body, only);
  const { id } = (await as('GET', '/key')).body;
  const revoke = async (which: string) => (await as('DELETE', `/keys/${which}`)).status;
  expect((await as('DELETE', `/keys/${id}`)).body.code).toBe('last_admin_key');
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  await as('POST', '/keys', { name: 'for a minute', scopes: ['admin'], expires_at });
  await as('POST', '/keys', { name: 'lesser', scopes: ['jobs:write'] });
  expect(await revoke(id)).toBe(409);
  const second = (await as('POST', '/keys', { name: 'second', scopes: ['admin'] })).body;
  const both = await Promise.all([revoke(id), revoke(second.id)]);
  // Each revoked with the other in mind, both would be gone. Whoever came second may have been let in with a key that had just ended.
  expect(both.filter((status) => status === 204)).toHaveLength(1);
  const { rows } = await ground.database.query(
    "SELECT id FROM store.api_keys WHERE tenant_id = $1 AND 'admin' = ANY(scopes) AND revoked_at IS NULL AND expires_at IS NULL",
    [tenantId],
  );
  expect(rows).toHaveLength(1);
});

test('the name and the limits of a key can be changed, and what it may do cannot', async () => {
  const { id, key } = await make();
  const change = (body: unknown) => call('PATCH', `/keys/${id}`, body);
  expect((await change({ numbers_per_day: 5, cost_per_day: '1' })).body).toMatchObject({
    name: 'a',
    numbers_per_day: 5,
    cost_per_day: '1',
    requests_per_minute: null,
  });
  expect((await change({ name: 'b', cost_per_day: null })).body).toMatchObject({
    name: 'b',
    numbers_per_day: 5,
    cost_per_day: null,
  });
  expect((await change({})).body).toMatchObject({ name: 'b', numbers_per_day: 5 });
  for (const [body, pointer] of [
    [{ scopes: ['admin'] }, '/scopes'],
    [{ requests_per_minute: 0 }, '/requests_per_minute'],
    [{ numbers_per_day: -1 }, '/numbers_per_day'],
    [{ cost_per_day: 1 }, '/cost_per_day'],
    [{ name: '' }, '/name'],
  ] as const) {
    const refused = await change(body);
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer]);
  }
  expect((await call('GET', '/key', undefined, `Bearer ${key}`)).body.limits.numbers_per_day).toBe(
    5,
  );
});

test('a key has its own requests in a minute, together with those that it was rotated into', async () => {
  const { id, key } = await make({ requests_per_minute: 3 });
  const ask = (shown: string) => call('GET', '/key', undefined, `Bearer ${shown}`);
  const answers = [await ask(key), await ask(key)];
  expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1']);
  const rotated = (await call('POST', `/keys/${id}/rotate`)).body;
  expect((await ask(rotated.key)).status).toBe(200);
  const refused = await ask(key);
  expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('nothing that is stored opens anything: not a key, not its secret, in no table and no spelling', async () => {
  const made = await make({}, { 'idempotency-key': 'dumped' });
  const rotated = (await call('POST', `/keys/${made.id}/rotate`)).body;
  const { rows: owner } = await ground.database.query<{ id: string; tenant_id: number }>(
    'SELECT id, tenant_id FROM store.api_keys ORDER BY id LIMIT 1',
  );
  const session = await openSession(ground.database, {
    tenantId: 1,
    id: owner[0]?.id ?? '',
    name: 'test',
  });
  const tables = await ground.database.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  expect(tables.rows.length).toBeGreaterThan(20);
  let dump = '';
  for (const { name } of tables.rows) {
    const { rows } = await ground.database.query<{ line: string }>(
      `SELECT t::text AS line FROM ${name} t`,
    );
    dump += rows.map(({ line }) => `${line}\n`).join('');
  }
  // What is there of it is its id and its digest.
  expect(dump).toContain(made.id);
  const found = [made.key, rotated.key, session].flatMap((text) => {
    const secret = text.slice(-43);
    const bytes = Buffer.from(secret, 'base64url');
    const spellings = [
      secret,
      Buffer.from(secret).toString('hex'),
      bytes.toString('hex'),
      bytes.toString('base64'),
      Buffer.from(text).toString('base64'),
    ];
    return spellings.filter((spelling) => dump.includes(spelling));
  });
  expect(found).toEqual([]);
});
