import { randomUUID } from 'node:crypto';
import { createApiKey, type KeyLimits, revokeApiKey } from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedInDoubt } from '../testing/closed-job.ts';
import { type Ground, openGround } from '../testing/ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

/** What a key and a tenant may take in a day. A number at `alpha` costs 0.0004 USD. */

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

async function keyWith(limits: Partial<KeyLimits>, tenantId = 1) {
  const made = await createApiKey(ground.database, {
    tenantId,
    name: 'limited',
    scopes: ['admin'],
    ...limits,
  });
  return { ...made, send: senderTo(ground, `Bearer ${made.key}`) };
}

async function tenantWith(limits: { numbers_per_day?: number; cost_per_day?: string }) {
  const { rows } = await ground.database.query<{ id: number }>(
    'INSERT INTO store.tenants (name, numbers_per_day, cost_per_day) VALUES ($1, $2, $3) RETURNING id',
    [randomUUID(), limits.numbers_per_day ?? null, limits.cost_per_day ?? null],
  );
  return rows[0]?.id ?? 0;
}

let next = 447_911_000_000;
const job = (numbers: number) => ({
  ...said,
  numbers: Array.from({ length: numbers }, () => `+${(next += 1)}`),
});

/** Of the jobs that keys made: how many there are, with how many numbers. */
async function taken(...keys: readonly string[]) {
  const { rows } = await ground.database.query<{ jobs: number; numbers: number }>(
    'SELECT count(*) AS jobs, COALESCE(sum(accepted), 0)::int AS numbers FROM store.jobs WHERE created_by = ANY($1)',
    [keys],
  );
  return rows[0];
}

test('of twenty uploads at a time as many are taken as fit into the day, and of the others nothing is stored', async () => {
  const { id, send } = await keyWith({ numbersPerDay: 10 });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => send('POST', '/v1/jobs', job(3))),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
  expect(refused).toHaveLength(17);
  for (const { body } of refused) expect(body.code).toBe('numbers_per_day_reached');
  expect(await taken(id)).toEqual({ jobs: 3, numbers: 9 });
  const { body } = await send('GET', '/v1/key');
  expect(body.today).toMatchObject({
    numbers: 9,
    numbers_left: 1,
    costs: [{ currency: 'USD', cost: '0.0036', left: null }],
  });
  expect((await send('POST', '/v1/jobs', job(1))).status).toBe(202);
  const { status, response } = await send('POST', '/v1/jobs', job(1));
  const wait_s = Number(response.headers.get('retry-after'));
  expect(status).toBe(429);
  expect(wait_s).toBeGreaterThan(0);
  expect(wait_s).toBeLessThanOrEqual(86_400);
});

test('a number that must not be sent costs nothing of the day, and is counted as one that was taken', async () => {
  const { send } = await keyWith({ costPerDay: parseMoney('0.0008') });
  const three = job(3);
  await send('POST', '/v1/suppressions', {
    numbers: three.numbers.slice(0, 1),
    reason: 'a test',
    requested_by: 'ana',
  });
  expect((await send('POST', '/v1/jobs', three)).status).toBe(202);
  expect((await send('GET', '/v1/key')).body.today).toMatchObject({
    numbers: 3,
    costs: [{ currency: 'USD', cost: '0.0008', left: '0' }],
  });
});

test('a job that would cost more than is left of the day is refused with 402, and of another currency it is not', async () => {
  const { id, send } = await keyWith({ costPerDay: parseMoney('0.004') });
  expect((await send('POST', '/v1/jobs', job(8))).status).toBe(202);
  const refused = await send('POST', '/v1/jobs', job(3));
  expect([refused.status, refused.body.code]).toEqual([402, 'cost_per_day_reached']);
  expect(refused.body.detail).toContain('0.004 USD');
  // 3 numbers at beta are 0.003 EUR.
  const inEuro = await send('POST', '/v1/jobs', { ...job(3), check: 'whatsapp' });
  expect(inEuro.status).toBe(202);
  expect(await taken(id)).toEqual({ jobs: 2, numbers: 11 });
  expect((await send('GET', '/v1/key')).body.today.costs).toEqual([
    { currency: 'EUR', cost: '0.003', left: '0.001' },
    { currency: 'USD', cost: '0.0032', left: '0.0008' },
  ]);
});

test('a tenant has a day of its own, which all of its keys share', async () => {
  const tenantId = await tenantWith({ numbers_per_day: 5, cost_per_day: '0.0016' });
  const [one, other] = [await keyWith({}, tenantId), await keyWith({}, tenantId)];
  expect((await one.send('POST', '/v1/jobs', job(3))).status).toBe(202);
  const dear = await other.send('POST', '/v1/jobs', job(2));
  expect([dear.status, dear.body.code]).toEqual([402, 'cost_per_day_reached']);
  expect(dear.body.detail).toMatch(/^All keys of the tenant/);
  const many = await other.send('POST', '/v1/jobs', job(3));
  expect([many.status, many.body.code]).toEqual([429, 'numbers_per_day_reached']);
  expect((await other.send('POST', '/v1/jobs', job(1))).status).toBe(202);
  expect(await taken(one.id, other.id)).toEqual({ jobs: 2, numbers: 4 });
});

test('a rotated key goes on with what the old one has left, and a repeated creation takes nothing', async () => {
  const { id, send } = await keyWith({ numbersPerDay: 5 });
  const [first, headers] = [job(4), { 'idempotency-key': randomUUID() }];
  expect((await send('POST', '/v1/jobs', first, headers)).status).toBe(202);
  expect((await send('POST', '/v1/jobs', first, headers)).status).toBe(202);
  const { body: rotated } = await send('POST', `/v1/keys/${id}/rotate`);
  const after = senderTo(ground, `Bearer ${rotated.key}`);
  expect((await after('POST', '/v1/jobs', job(2))).status).toBe(429);
  expect((await after('POST', '/v1/jobs', job(1))).status).toBe(202);
  expect((await after('GET', '/v1/key')).body.today).toMatchObject({ numbers: 5, numbers_left: 0 });
});

test('a limit that is lowered on a rotated key holds for the old one too, and so does one on the old', async () => {
  const { id, send } = await keyWith({ numbersPerDay: 100, requestsPerMinute: 1_000 });
  const { body: rotated } = await send('POST', `/v1/keys/${id}/rotate`);
  const lowered = { numbers_per_day: 2, requests_per_minute: 500 };
  const renamed = { ...lowered, name: 'renamed' };
  expect((await send('PATCH', `/v1/keys/${rotated.id}`, renamed)).body).toMatchObject(renamed);
  expect((await send('GET', '/v1/key')).body).toMatchObject({ name: 'limited', limits: lowered });
  const refused = await send('POST', '/v1/jobs', job(3));
  expect([refused.status, refused.body.code]).toEqual([429, 'numbers_per_day_reached']);
  const after = senderTo(ground, `Bearer ${rotated.key}`);
  await after('PATCH', `/v1/keys/${id}`, { numbers_per_day: null });
  const none = { ...lowered, numbers_per_day: null };
  expect((await after('GET', '/v1/key')).body).toMatchObject({ name: 'renamed', limits: none });
  // What is over stays as it ended, and another key of the tenant has limits of its own.
  const stranger = await keyWith({ numbersPerDay: 7 });
  await revokeApiKey(ground.database, 1, id);
  await after('PATCH', `/v1/keys/${rotated.id}`, { numbers_per_day: 3 });
  const { rows } = await ground.database.query(
    'SELECT numbers_per_day FROM store.api_keys WHERE id = ANY($1) ORDER BY id',
    [[id, rotated.id, stranger.id]],
  );
  expect(rows.map((row) => Number(row.numbers_per_day))).toEqual([0, 3, 7]);
});

test('a retry takes of the day as well, and one that does not fit leaves no job and no approval', async () => {
  const tenantId = await tenantWith({});
  const jobId = await closedInDoubt(ground.database, { tenantId });
  const { id, send } = await keyWith({ numbersPerDay: 4 }, tenantId);
  const retry = () =>
    send('POST', `/v1/jobs/${jobId}/retry`, { approval: { why: 'a test', cost_ceiling: '1' } });
  const refused = await retry();
  expect([refused.status, refused.body.code]).toEqual([429, 'numbers_per_day_reached']);
  const { rows } = await ground.database.query(
    'SELECT FROM store.retry_approvals WHERE tenant_id = $1',
    [tenantId],
  );
  expect([await taken(id), rows.length]).toEqual([{ jobs: 0, numbers: 0 }, 0]);
  await send('PATCH', `/v1/keys/${id}`, { numbers_per_day: 5 });
  expect((await retry()).status).toBe(202);
});
