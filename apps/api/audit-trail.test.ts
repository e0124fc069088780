import type { AuditEntry } from '@rollcall/db';
import { verifyAudit } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from './testing/answered-job.ts';
import { addTenant, type Ground, type Json, openGround } from './testing/ground.ts';
import { said } from './testing/post-job.ts';
import { senderTo } from './testing/send.ts';

/** What the trail tells of what is asked of the API: each thing once, by whom, why, and how many. */
let ground: Ground;
let admin: Asker;
beforeAll(async () => {
  ground = await openGround();
  admin = await asker(['admin']);
});
afterAll(() => ground.close());

interface Asker {
  readonly send: ReturnType<typeof senderTo>;
  /** `key_… (name)` */
  readonly name: string;
  readonly id: string;
  readonly authorization: string;
}

async function asker(scopes: readonly Scope[], tenantId = 1): Promise<Asker> {
  const authorization = await ground.bearer(scopes, tenantId);
  const send = senderTo(ground, authorization);
  const { id } = (await send('GET', '/v1/key')).body as { readonly id: string };
  return { send, id, name: `${id} (test)`, authorization };
}

type Row = AuditEntry & { readonly number: number };

/** The rows of a chain from after `number` on. */
async function trail(after = 0, chain = 1): Promise<readonly Row[]> {
  const { rows } = await ground.database.query<Row>(
    'SELECT number, actor, action, subject, purpose, counts, detail FROM store.audit_trail WHERE chain = $1 AND number > $2 ORDER BY number',
    [chain, after],
  );
  return rows;
}
const end = async (chain = 1) => (await trail(0, chain)).at(-1)?.number ?? 0;

/** What an act adds to the trail; refusals are told when a minute is over, whatever is done then. */
async function added(act: () => Promise<unknown>): Promise<readonly Row[]> {
  const before = await end();
  await act();
  return (await trail(before)).filter(({ action }) => action !== 'access.refused');
}

test('a job: made with its purpose and counts, changed, paused, resumed; once each, however often it is asked', async () => {
  let id = '';
  const key = { 'idempotency-key': 'audit-1' };
  const numbers = ['+447911123456', '+447911123457', '+447911123457', 'nobody'];
  const rows = await added(async () => {
    const make = () => admin.send('POST', '/v1/jobs', { ...said, numbers }, key);
    id = (await make()).body.id;
    await make();
    await ground.database.query("UPDATE store.jobs SET state = 'running' WHERE id = $1", [id]);
    for (const verb of ['pause', 'resume']) {
      await admin.send('POST', `/v1/jobs/${id}/${verb}`);
      await admin.send('POST', `/v1/jobs/${id}/${verb}`);
    }
    await admin.send('PATCH', `/v1/jobs/${id}`, { max_cost: '5', name: 'call +447911123456' });
  });
  const who = { actor: admin.name, subject: id };
  expect(rows).toMatchObject([
    {
      ...who,
      action: 'job.received',
      purpose: 'a test',
      counts: { lines: 4, accepted: 2, duplicates: 1, rejected: 1 },
      detail: { check: 'telegram', account: 'alpha', requested_by: 'vitest' },
    },
    { ...who, action: 'job.paused' },
    { ...who, action: 'job.resumed' },
    { ...who, action: 'job.changed', detail: { max_cost: '5', name: 'changed' } },
  ]);
  expect(JSON.stringify(rows)).not.toContain('7911123');
});

test('pages with numbers: the first of an hour before it is sent, the others counted; nothing of a job that is not there', async () => {
  const id = await insertAnsweredJob(ground.database, { tenantId: 1 });
  const reader = await asker(['results:read']);
  const before = await end();
  for (let page = 0; page < 3; page += 1) await reader.send('GET', `/v1/jobs/${id}/results`);
  await reader.send('GET', `/v1/jobs/${id}/rejects`);
  await reader.send('GET', `/v1/jobs/${id.replace(/.{12}$/, '000000000000')}/results`);
  const what = { actor: reader.name, subject: id, action: 'results.read', counts: { pages: 1 } };
  expect(await trail(before)).toMatchObject([
    { ...what, detail: { what: 'results' } },
    { ...what, detail: { what: 'rejects' } },
  ]);
});

test('an export: begun before its first byte, and ended with its rows', async () => {
  const id = await insertAnsweredJob(ground.database, { tenantId: 1 });
  const reader = await asker(['results:read']);
  const headers = { authorization: reader.authorization };
  const before = await end();
  const url = `${ground.url}/v1/jobs/${id}/export?partial=true&format=csv&outcome=registered`;
  expect((await (await fetch(url, { headers })).text()).split('\r\n')).toHaveLength(12);
  await expect.poll(() => trail(before)).toHaveLength(2);
  const who = { actor: reader.name, subject: id };
  expect(await trail(before)).toMatchObject([
    { ...who, action: 'results.exported', detail: { format: 'csv', outcome: 'registered' } },
    {
      ...who,
      action: 'results.export_ended',
      counts: { rows: 10 },
      detail: { ending: 'complete' },
    },
  ]);
});

test('without the trail no number is told and nothing is decided', async () => {
  const id = await insertAnsweredJob(ground.database, { tenantId: 1 });
  const reader = await asker(['results:read']);
  await ground.database.transaction('test', (tx) =>
    tx.query('ALTER TABLE store.audit_trail ADD CONSTRAINT shut CHECK (false) NOT VALID'),
  );
  try {
    for (const path of ['results', 'rejects', 'export?partial=true']) {
      const { status, body } = await reader.send('GET', `/v1/jobs/${id}/${path}`);
      expect([path, status, body.code]).toEqual([path, 500, 'internal']);
    }
    expect((await admin.send('POST', `/v1/jobs/${id}/pause`)).status).toBe(500);
    expect((await admin.send('GET', `/v1/jobs/${id}`)).body.state).toBe('running');
  } finally {
    await ground.database.transaction('test', (tx) =>
      tx.query('ALTER TABLE store.audit_trail DROP CONSTRAINT shut'),
    );
  }
});

test('keys: made, changed, rotated, ended, and used for the first time of a day', async () => {
  let made: Json;
  let rotated: Json;
  const rows = await added(async () => {
    const body = { name: 'billing', scopes: ['jobs:read'] };
    made = (await admin.send('POST', '/v1/keys', body)).body;
    const used = senderTo(ground, `Bearer ${made.key}`);
    await used('GET', '/v1/key');
    await used('GET', '/v1/key');
    await admin.send('PATCH', `/v1/keys/${made.id}`, { requests_per_minute: 5 });
    rotated = (await admin.send('POST', `/v1/keys/${made.id}/rotate`)).body;
    const { authorization } = admin;
    for (const path of [rotated.id, rotated.id]) {
      await fetch(`${ground.url}/v1/keys/${path}`, {
        method: 'DELETE',
        headers: { authorization },
      });
    }
  });
  expect(rows).toMatchObject([
    { action: 'key.made', subject: made.id, detail: { name: 'billing', scopes: 'jobs:read' } },
    { action: 'key.used', subject: made.id, actor: `${made.id} (billing)` },
    { action: 'key.changed', subject: made.id, detail: { changed: 'requestsPerMinute' } },
    { action: 'key.rotated', subject: made.id, detail: { into: rotated.id } },
    { action: 'key.revoked', subject: rotated.id, actor: admin.name },
  ]);
  expect(JSON.stringify(rows)).not.toContain(made.key);
});

test('numbers that are put on the suppression list and taken off it: how many, for whom and why', async () => {
  const asked = { reason: 'an objection', requested_by: 'ana' };
  const rows = await added(async () => {
    const numbers = ['+447911123456', '+447911123457', '+447911123457'];
    await admin.send('POST', '/v1/suppressions', { numbers, ...asked });
    const { authorization } = admin;
    const url = `${ground.url}/v1/suppressions/447911123456?${new URLSearchParams(asked).toString()}`;
    expect((await fetch(url, { method: 'DELETE', headers: { authorization } })).status).toBe(200);
  });
  const who = { actor: admin.name, subject: null, purpose: asked.reason };
  const detail = { requested_by: 'ana' };
  expect(rows).toEqual([
    expect.objectContaining({
      ...who,
      action: 'suppression.added',
      counts: { numbers: 2, added: 2 },
      detail,
    }),
    expect.objectContaining({
      ...who,
      action: 'suppression.removed',
      counts: { numbers: 1, removed: 1 },
      detail,
    }),
  ]);
});

describe('GET /v1/audit', () => {
  test('is told of itself, as other pages are', async () => {
    const auditor = await asker(['admin']);
    const rows = await added(async () => {
      for (let page = 0; page < 3; page += 1) await auditor.send('GET', '/v1/audit');
    });
    expect(rows).toMatchObject([
      { actor: auditor.name, action: 'audit.read', counts: { pages: 1 } },
    ]);
  });

  test('pages the rows of one’s own tenant, newest first, by filters', async () => {
    const other = await asker(['admin'], await addTenant(ground.database));
    const own = (await other.send('GET', '/v1/audit')).body;
    expect(own.data.map(({ action }: Row) => action)).toEqual(['key.used', 'key.made']);
    const pages: Row[] = [];
    let cursor = '';
    do {
      const { body } = await admin.send('GET', `/v1/audit?limit=5${cursor}`);
      pages.push(...body.data);
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    const numbers = pages.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((left, right) => right - left));
    expect(numbers.at(-1)).toBe(1);
    const filtered = async (query: string): Promise<Row[]> =>
      (await admin.send('GET', `/v1/audit?${query}`)).body.data;
    expect(new Set((await filtered('action=key.used')).map(({ action }) => action)).size).toBe(1);
    const byKey = await filtered(`key=${admin.id}&action=job.received`);
    expect(byKey).toMatchObject([{ actor: admin.name }]);
    expect(await filtered(`subject=${byKey[0]?.subject}&action=job.paused`)).toHaveLength(1);
    expect(await filtered('to=2020-01-01T00:00:00Z')).toEqual([]);
  });

  test('needs the scope admin, and cursors of its own', async () => {
    const reader = await asker(['jobs:read', 'results:read']);
    expect((await reader.send('GET', '/v1/audit')).status).toBe(403);
    expect((await admin.send('GET', '/v1/audit?cursor=abc')).body.code).toBe('invalid_cursor');
    expect((await admin.send('GET', '/v1/audit?action=x')).body.code).toBe('invalid_request');
  });
});

// Last: it closes the API.
test('refused requests are counted by caller and reason, a flood as little as one; what was counted is told when the process stops', async () => {
  const weak = await asker(['jobs:read']);
  const missing = 'job_01932145-1234-7567-8901-234567890123';
  const [before, beforeNobody] = [await end(), await end(0)];
  for (let request = 0; request < 20; request += 1) {
    await weak.send('POST', '/v1/jobs', { ...said, numbers: ['+447911123456'] });
    await weak.send('GET', `/v1/jobs/${missing}`);
    await senderTo(ground, `Bearer rc_live_${'0'.repeat(32)}_x`)('GET', '/v1/jobs');
  }
  // By way of many addresses: more than are told apart.
  for (let host = 1; host <= 150; host += 1) {
    await ground.app.inject({ url: '/v1/jobs', remoteAddress: `198.51.100.${host}` });
  }
  await ground.app.close();
  const refused = (await trail(before)).filter(({ actor }) => actor === weak.name);
  const sumOf = (reason: string) =>
    refused
      .filter(({ detail }) => detail?.['reason'] === reason)
      .reduce((sum, { counts }) => sum + (counts?.['requests'] ?? 0), 0);
  expect([sumOf('scope_missing'), sumOf('not_found')]).toEqual([20, 20]);
  // A minute may have ended on the way.
  expect(refused.length).toBeLessThan(10);
  expect(refused[0]).toMatchObject({
    action: 'access.refused',
    detail: { first_route: 'POST /v1/jobs' },
  });
  const nobody = await trail(beforeNobody, 0);
  const all = nobody.reduce((sum, { counts }) => sum + (counts?.['requests'] ?? 0), 0);
  expect(all).toBe(20 + 150);
  expect(nobody).toContainEqual(expect.objectContaining({ actor: 'address 127.0.0.1' }));
  expect(nobody).toContainEqual(expect.objectContaining({ actor: 'address 198.51.100.9' }));
  const verified = await verifyAudit(ground.database);
  expect(verified.filter(({ problem }) => problem !== null)).toEqual([]);
});
