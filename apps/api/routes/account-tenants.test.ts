import { readAccounts } from '@rollcall/config';
import { syncAccounts } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertHeld } from '../testing/held-chunk.ts';
import { accountsText, addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

const twoTenants = accountsText
  .replace('  alpha:\n', '  alpha:\n    tenants: [default]\n')
  .replace('  beta:\n', '  beta:\n    operated_by: another\n');

let ground: Ground;
let own: string;
let foreign: string;
let otherTenant: number;
beforeAll(async () => {
  ground = await openGround({
    accountsText: twoTenants,
  });
  const read = readAccounts(twoTenants, {}, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  await syncAccounts(ground.database, [...read.accounts.accounts.values()]);
  own = await ground.bearer(['admin']);
  otherTenant = await addTenant(ground.database);
  foreign = await ground.bearer(['admin'], otherTenant);
});
afterAll(() => ground.close());

async function ask(
  authorization: string,
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
): Promise<[number, Json]> {
  const response = await fetch(`${ground.url}/v1/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return [response.status, await response.json()];
}

const job = {
  check: 'telegram',
  purpose: 'a test',
  requested_by: 'ana',
  numbers: ['+447911123456'],
};

test('an account that a tenant may not use is to it as one that is not in the file', async () => {
  expect(await ask(own, 'jobs', job)).toMatchObject([202, { account: 'alpha' }]);
  for (const account of [undefined, 'alpha']) {
    const [status, problem] = await ask(foreign, 'jobs', { ...job, ...(account && { account }) });
    expect([status, problem.code]).toEqual([422, 'unknown_check']);
    expect(JSON.stringify(problem)).not.toContain('alpha');
  }
  const [, checks] = await ask(foreign, 'checks');
  expect(checks.data.map(({ name }: { name: string }) => name)).toEqual(['whatsapp']);
  const [, accounts] = await ask(foreign, 'accounts');
  expect(accounts.data.map(({ id }: { id: string }) => id)).toEqual(['beta']);
  expect((await ask(foreign, 'accounts/alpha'))[0]).toBe(404);
  expect((await ask(foreign, 'accounts/alpha/pause', { reason: 'none of mine' }))[0]).toBe(404);
  expect((await ask(own, 'accounts/alpha'))[0]).toBe(200);
});

test('an account that tenants share is ruled by the one that operates it, and what they say of it is theirs', async () => {
  const reason = 'words of the other tenant';
  const changes = ['pause', 'confirm-semantics', 'resume', 'pause'];
  for (const change of changes) {
    expect((await ask(foreign, `accounts/beta/${change}`, { reason }))[0]).toBe(200);
  }
  const [, mine] = await ask(foreign, 'accounts/beta');
  expect(mine.paused.note).toContain(reason);
  for (const change of changes) {
    const [status, problem] = await ask(own, `accounts/beta/${change}`, { reason: 'none of mine' });
    expect([change, status, problem.code]).toEqual([change, 403, 'not_account_operator']);
    expect(JSON.stringify(problem)).not.toContain('another"');
  }
  expect((await ask(foreign, 'accounts/beta'))[1]).toEqual(mine);

  const [, theirs] = await ask(own, 'accounts/beta');
  expect(theirs).toMatchObject({
    state: 'paused',
    paused: { reason: 'operator', since: mine.paused.since, note: null },
    last_resumed: { at: mine.last_resumed.at, note: null },
    semantics_confirmation: { at: mine.semantics_confirmation.at, note: null },
  });
  expect(theirs.advice).not.toContain('note');
  for (const path of ['accounts', 'accounts/beta', 'checks', 'audit']) {
    const text = JSON.stringify((await ask(own, path))[1]);
    expect([path, /words of|key_[0-9a-f-]+ \(test\): /.test(text)]).toEqual([path, false]);
  }
  const [, trail] = await ask(foreign, 'audit?subject=beta');
  expect(trail.data.map(({ action }: Json) => action)).toEqual([
    'account.paused',
    'account.resumed',
    'account.semantics_confirmed',
    'account.paused',
  ]);
});

test('whoever closed a breaker, and why, is shown to who operates the account alone', async () => {
  await ground.database.query(
    `UPDATE store.account_states SET breaker_state = 'open', breaker_why = 'unreadable_answer', breaker_since = now(), breaker_until = now() + interval '1 hour', breaker_openings = 1
      WHERE account = 'beta'`,
  );
  await ask(foreign, 'accounts/beta/resume', { reason: 'support says it is well' });
  const [, mine] = await ask(foreign, 'accounts/beta');
  expect(mine.breaker.last_closed.note).toContain('support says');
  const [, theirs] = await ask(own, 'accounts/beta');
  expect(theirs.breaker.last_closed).toEqual({ at: mine.breaker.last_closed.at, note: null });
});

test('nothing is paid again by an account that was taken from a tenant; the rest is decided as ever', async () => {
  const { chunkId } = await insertHeld(ground.database, otherTenant);
  const resolve = (by: string, decision: object) =>
    ask(by, `holds/${chunkId}/resolve`, { reason: 'ticket 4711', ...decision });
  const [status, problem] = await resolve(foreign, { decision: 'pay_again', cost_ceiling: '1' });
  expect([status, problem.code]).toEqual([409, 'account_withdrawn']);
  const { rows } = await ground.database.query('SELECT state FROM store.chunks WHERE id = $1', [
    chunkId,
  ]);
  expect(rows).toEqual([{ state: 'held' }]);
  expect((await resolve(foreign, { decision: 'give_up' }))[0]).toBe(200);
});

test('nor is it among many: it is foreseen as refused, and takes no money and no place of what is paid again', async () => {
  const taken = await insertHeld(ground.database, otherTenant);
  const kept = await insertHeld(ground.database, otherTenant);
  await ground.database.query(`UPDATE store.chunks SET account = 'beta' WHERE id = $1`, [
    kept.chunkId,
  ]);
  const asked = {
    filter: { reason: 'unknown' },
    decision: 'pay_again',
    reason: 'ticket 4711',
    cost_ceiling: '0.002',
  };
  const planned = (await ask(foreign, 'holds/resolve', { ...asked, dry_run: true }))[1];
  const done = (await ask(foreign, 'holds/resolve', asked, { 'idempotency-key': 'half' }))[1];
  const summed = { matched: 2, decided: 1, refused: 1, remaining: 0 };
  const money = [{ currency: 'USD', amount: '0.002' }];
  for (const answer of [planned, done]) {
    expect(answer).toMatchObject({ ...summed, money });
    expect(answer.outcomes[1]).toMatchObject({
      chunk_id: taken.chunkId,
      outcome: 'refused',
      code: 'account_withdrawn',
      state: 'held',
    });
  }
  expect(planned.outcomes[0]).toMatchObject({
    chunk_id: kept.chunkId,
    outcome: 'would_be_decided',
  });
  expect(done.outcomes[0]).toMatchObject({ chunk_id: kept.chunkId, outcome: 'decided' });
  const given = await ask(foreign, 'holds/resolve', {
    ...asked,
    decision: 'give_up',
    cost_ceiling: undefined,
  });
  expect(given[1]).toMatchObject({ matched: 1, decided: 1, refused: 0 });
});

// Last: it closes the API, which tells then what it counted.
test('who tries it all the same is told of in the trail of their own tenant', async () => {
  await ground.app.close();
  const { rows } = await ground.database.query(
    "SELECT DISTINCT chain, detail FROM store.audit_trail WHERE action = 'access.refused' AND detail->>'reason' = 'not_account_operator'",
  );
  expect(rows).toEqual([
    {
      chain: 1,
      detail: { reason: 'not_account_operator', first_route: 'POST /v1/accounts/:id/pause' },
    },
  ]);
});
