import { readAccounts } from '@rollcall/config';
import { syncAccounts } from '@rollcall/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountsText, addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { insertHeld, insertHeldAccepted } from '../testing/held-chunk.ts';

let ground: Ground;
let bearer: string;
let admin: string;
beforeAll(async () => {
  ground = await openGround();
  bearer = await ground.bearer(['jobs:read']);
  admin = await ground.bearer(['admin']);
});
afterAll(() => ground.close());

const call = async (path: string, { authorization = bearer, method = 'GET', body }: Json = {}) => {
  const answer = await fetch(`${ground.url}/v1${path}`, {
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
};
const alpha = async () => (await call('/accounts/alpha')).body;
const pause = (body?: Json) =>
  call('/accounts/alpha/pause', { method: 'POST', authorization: admin, body });
const resume = (body: Json = { reason: 'it is well again' }) =>
  call('/accounts/alpha/resume', { method: 'POST', authorization: admin, body });

test('an account that no worker has read yet says so, and cannot be paused', async () => {
  expect(await alpha()).toMatchObject({ state: 'limited', balance: null, paused: null });
  expect((await alpha()).advice).toContain('No worker has read it yet');
  expect((await pause()).body.code).toBe('account_not_known');
  const { body } = await call('/checks');
  expect(body.data[0].accounts[0].available).toBe(false);
});

describe('once a worker has read it, an account', () => {
  beforeAll(async () => {
    const read = readAccounts(accountsText, {}, { withKeys: false });
    if (!read.ok) throw new Error(read.problems.join('\n'));
    await syncAccounts(ground.database, [...read.accounts.accounts.values()]);
  });

  test('is shown as the file has it, without keys, and ready', async () => {
    const { status, body } = await call('/accounts');
    expect(status).toBe(200);
    expect(body.data.map((account: Json) => account.id)).toEqual(['alpha', 'beta']);
    expect(body.data[1]).toMatchObject({
      adapter: 'tasks-v1',
      state: 'ready',
      advice: null,
      checks: ['whatsapp'],
      currency: 'EUR',
      uploads: { in_flight: 0 },
      chunks: { ready: 0, held: 0 },
      money: { reserved: '0', committed_today: '0', daily_cap: null, monthly_cap: null },
      top_up: null,
      last_error: null,
      breaker: { unknown_recent: 0, resets_at: null },
    });
    expect(JSON.stringify(body)).not.toMatch(/key_env|ALPHA_KEY|https?:/);
  });

  test('counts what is open, and its money from the ledger, of the tenant that asks alone', async () => {
    const before = await alpha();
    await insertHeld(ground.database);
    await insertHeldAccepted(ground.database, 'poll');
    const elsewhere = await addTenant(ground.database);
    await insertHeld(ground.database, elsewhere);
    const after = await alpha();
    expect(after.chunks.held - before.chunks.held).toBe(2);
    // Each job has a chunk that is done, for 0.01; the second one's held chunk was charged too.
    expect(after.money).toMatchObject({
      reserved: '0.002',
      committed_today: '0.022',
      committed_this_month: '0.022',
      at_risk: '0',
      written_off: '0',
    });
    const stranger = await ground.bearer(['jobs:read'], elsewhere);
    const seen = (await call('/accounts/alpha', { authorization: stranger })).body;
    expect(seen.chunks.held).toBe(1);
    expect(seen.money.committed_today).toBe('0.01');
  });

  test('is limited after an unknown upload, stopped by its breaker after three, and let go by resume', async () => {
    // What the tests before left unknown is forgotten.
    await ground.database.query(
      'UPDATE store.account_states SET breaker_reset_at = clock_timestamp()',
    );
    await insertHeld(ground.database);
    expect(await alpha()).toMatchObject({ state: 'limited', uploads: { at_once_max: 1 } });
    await insertHeld(ground.database);
    await insertHeld(ground.database);
    const stopped = await alpha();
    expect(stopped).toMatchObject({ state: 'breaker_open', uploads: { at_once_max: 0 } });
    expect(stopped.breaker).toMatchObject({ state: 'open', why: 'unknown_uploads' });
    expect(Date.parse(stopped.breaker.resets_at)).toBeGreaterThan(Date.now());
    const offer = (await call('/checks')).body.data.find((check: Json) => check.name === 'viber');
    expect(offer.accounts[0]).toMatchObject({ available: false, paused: false });
    const { status, body } = await resume({ reason: 'support says it is well' });
    expect([status, body.state]).toEqual([200, 'ready']);
    expect(body.breaker).toMatchObject({ state: 'closed', why: null, unknown_recent: 0 });
    expect(body.breaker.last_closed.note).toMatch(/^key_[0-9a-f-]{36} \(test\): support says/);
    expect(body.last_resumed.note).toBe(body.breaker.last_closed.note);
    expect(stopped.advice).toContain('decide on the held chunks');
  });

  test('whose breaker is half-open says so, takes one upload, and is let go by resume', async () => {
    await ground.database.query(
      `UPDATE store.account_states SET breaker_state = 'half_open', breaker_since = now(), breaker_why = 'canary_unknown', breaker_openings = 2
        WHERE account = 'alpha'`,
    );
    expect(await alpha()).toMatchObject({
      state: 'breaker_half_open',
      uploads: { at_once_max: 1 },
      breaker: { state: 'half_open', why: 'canary_unknown', resets_at: null },
    });
    expect((await resume()).body).toMatchObject({ state: 'ready', breaker: { since: null } });
  });

  test('is paused with a note, once, and resumed, once', async () => {
    const { status, body } = await pause({ reason: 'maintenance until 06:00' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'paused', paused: { reason: 'operator' } });
    expect(body.paused.note).toMatch(/^key_[0-9a-f-]{36} \(test\): maintenance until 06:00$/);
    expect((await pause({ reason: 'again' })).body.paused).toEqual(body.paused);
    const offer = (await call('/checks')).body.data.find((check: Json) => check.name === 'viber');
    expect(offer.accounts[0]).toMatchObject({ available: false, paused: true });
    const resumed = (await resume({ reason: 'it is 06:00' })).body;
    expect(resumed).toMatchObject({ state: 'ready', paused: null, advice: null });
    expect(resumed.last_resumed.note).toMatch(/^key_[0-9a-f-]{36} \(test\): it is 06:00$/);
    // Nothing had stopped it: the reason that counts is the one that let it go.
    const again = await resume({ reason: 'again' });
    expect([again.status, again.body.last_resumed]).toEqual([200, resumed.last_resumed]);
    const silent = await call('/accounts/alpha/resume', { method: 'POST', authorization: admin });
    expect([silent.status, (await resume({})).body.code]).toEqual([422, 'invalid_request']);
    const lines = ground.logged().split('\n');
    const counted = (event: string) =>
      lines.filter((line) => line.includes(event) && line.includes('"reason":"operator"')).length;
    expect([counted('account.paused'), counted('account.resumed')]).toEqual([1, 1]);
    expect(ground.logged()).not.toContain('maintenance');
  });

  test('that was paused because its key was refused says that workers read keys when they start', async () => {
    await ground.database.query(
      `UPDATE store.account_states SET paused_reason = 'auth', paused_at = now() WHERE account = 'alpha'`,
    );
    expect((await alpha()).advice).toContain('restart the workers');
    expect((await resume()).body).toMatchObject({ state: 'ready', paused: null });
    await ground.database.query(
      `UPDATE store.account_states SET paused_reason = 'auth', paused_at = now() WHERE account = 'alpha'`,
    );
    expect((await resume()).body.advice).toContain('Workers read keys when they start');
  });

  test('shows the last exchange that did not go well', async () => {
    const { attemptId } = await insertHeld(ground.database);
    await ground.database.query(
      `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, started_at, duration_ms, headers_sent, http_status)
       VALUES ($1, 1, 'submit', 'connection_lost', now(), 5, true, NULL), ($1, 1, 'submit', 'accepted', now(), 5, true, 200)`,
      [attemptId],
    );
    expect((await alpha()).last_error).toMatchObject({
      operation: 'submit',
      verdict: 'connection_lost',
      http_status: null,
    });
  });

  test('offers its checks with limits as the provider taught them', async () => {
    await ground.database.query(
      `INSERT INTO store.learned_limits (account, check_name, min_numbers) VALUES ('beta', 'whatsapp', 50)`,
    );
    const { status, body } = await call('/checks');
    expect(status).toBe(200);
    expect(body.data.map((check: Json) => [check.name, check.default_account])).toEqual([
      ['telegram', 'alpha'],
      ['viber', null],
      ['whatsapp', 'beta'],
    ]);
    expect(body.data[2].accounts).toMatchObject([
      {
        account: 'beta',
        adapter: 'tasks-v1',
        task_type: 'ws',
        price_per_number: '0.001',
        currency: 'EUR',
        min_numbers: 50,
        available: true,
      },
    ]);
  });
});

test('pausing wants an admin, reading a reader, and an account that is not in the file is not there', async () => {
  for (const path of ['/accounts/alpha/pause', '/accounts/alpha/resume']) {
    const lesser = await ground.bearer(['jobs:read', 'jobs:write', 'holds:resolve']);
    const answer = await call(path, { method: 'POST', authorization: lesser });
    expect([path, answer.status]).toEqual([path, 403]);
  }
  const blind = await ground.bearer(['results:read']);
  for (const path of ['/accounts', '/accounts/alpha', '/checks']) {
    expect((await call(path, { authorization: blind })).status, path).toBe(403);
  }
  expect((await call('/accounts/gamma')).status).toBe(404);
  const gone = await call('/accounts/gamma/pause', { method: 'POST', authorization: admin });
  expect(gone.status).toBe(404);
  expect((await pause({ why: 'x' })).body.code).toBe('invalid_request');
});
