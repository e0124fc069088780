import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:write']);
});
afterAll(() => ground.close());

const job = {
  check: 'telegram',
  purpose: 'a test',
  requested_by: 'vitest',
  numbers: ['+447911123456', '+4915123456789'],
};

async function post(key: string, body: unknown = job, header = authorization) {
  const response = await fetch(`${ground.url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization: header, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    body: (await response.json()) as Json,
  };
}

async function jobsOf(key: string): Promise<number> {
  const { rows } = await ground.database.query<{ jobs: number }>(
    'SELECT count(*) AS jobs FROM store.jobs WHERE name = $1',
    [key],
  );
  return rows[0]?.jobs ?? -1;
}

test('the same key with the same body gives the job that was made then', async () => {
  const first = await post('again');
  const second = await post('again', { ...job, purpose: job.purpose });
  expect([first.status, first.replayed]).toEqual([202, null]);
  expect([second.status, second.replayed]).toEqual([202, 'true']);
  expect(second.body.id).toBe(first.body.id);
});

test('the order of the options does not matter, their values and the upload do', async () => {
  const { numbers, ...options } = job;
  const reversed = Object.fromEntries(Object.entries(options).reverse());
  const first = await post('order');
  expect((await post('order', { ...reversed, numbers })).body.id).toBe(first.body.id);
  for (const other of [
    { ...job, purpose: 'another' },
    { ...job, priority: 1 },
    { ...job, numbers: [...numbers, '+447911123457'] },
  ]) {
    const { status, body } = await post('order', other);
    expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
  }
});

test('100 parallel retries make one job (P7)', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => post('parallel', { ...job, name: 'parallel' })),
  );
  expect(await jobsOf('parallel')).toBe(1);
  const made = answers.filter(({ status }) => status === 202);
  const waiting = answers.filter(({ status }) => status === 409);
  expect(made.length + waiting.length).toBe(100);
  expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
  expect(made.filter(({ replayed }) => replayed === null)).toHaveLength(1);
  for (const { body } of waiting) expect(body.code).toBe('idempotency_in_progress');
  expect((await post('parallel', { ...job, name: 'parallel' })).status).toBe(202);
});

test('a key belongs to its tenant: the same key of another makes another job', async () => {
  const other = await ground.bearer(['jobs:write'], await addTenant(ground.database));
  const first = await post('shared');
  const second = await post('shared', job, other);
  expect([second.status, second.replayed]).toEqual([202, null]);
  expect(second.body.id).not.toBe(first.body.id);
});

test('a refused request leaves its key free', async () => {
  expect((await post('refused', { ...job, numbers: ['x'] })).body.code).toBe('too_few_numbers');
  expect((await post('refused')).replayed).toBe(null);
});

test('without a key every request makes a job', async () => {
  const send = async () => {
    const response = await fetch(`${ground.url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ ...job, name: 'no key' }),
    });
    return response.status;
  };
  expect([await send(), await send()]).toEqual([202, 202]);
  expect(await jobsOf('no key')).toBe(2);
});

test('a repeat is answered with its job, though the provider has raised its minimum since', async () => {
  const first = await post('raised-minimum', { ...job, name: 'raised minimum' });
  await ground.database.query(
    `INSERT INTO store.learned_limits (account, check_name, min_numbers) VALUES ('alpha', 'telegram', 5)`,
  );
  const repeat = await post('raised-minimum', { ...job, name: 'raised minimum' });
  expect([repeat.status, repeat.replayed, repeat.body.id]).toEqual([202, 'true', first.body.id]);
  expect((await post('another-key', { ...job, name: 'another' })).status).toBe(422);
  await ground.database.query('DELETE FROM store.learned_limits');
});
