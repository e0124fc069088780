import { expect, test } from 'vitest';
import { jsonOf, keyOf, openGround, someNumbers } from '../testing/ground.ts';

test('an upload is counted without duplicates and invalid lines, and charged once', async () => {
  await using ground = await openGround();
  const lines = [...someNumbers(10), ...someNumbers(4), 'hello', '+0123'];
  const created = await jsonOf(ground.create('ekycpro', lines, 'coinW'));
  expect(created).toMatchObject({
    status: 'pending',
    total: 10,
    message: 'Task created successfully',
  });
  const { charges } = await ground.control('GET', 'ledger');
  expect(charges).toMatchObject([
    { seq: 1, task_id: created.task_id, numbers: 10, amount: 0.005, amount_micros: 5_000 },
  ]);
  expect(await ground.control('GET', `tasks/${created.task_id}`)).toMatchObject({
    lines: 16,
    duplicates: 4,
    invalid: 2,
    numbers: 10,
  });
  expect(await jsonOf(ground.status('ekycpro', created.task_id))).toMatchObject({
    status: 'exported',
    total: 10,
  });
});

test('both bodies of creation and both codes can be had of either vendor', async () => {
  await using ground = await openGround();
  const old = await jsonOf(ground.create('ekycpro', someNumbers(5), 'tg'));
  expect(old).toMatchObject({ total: 0, success: 0, failure: 0, user_id: 'sim-user' });
  const vendor = await ground.create('checknumber', someNumbers(5), 'Twitter');
  expect(vendor.status).toBe(202);
  expect(await jsonOf(vendor, 202)).toMatchObject({
    total: 5,
    estimated_amount: { amount: 0.003, currency: 'USD' },
  });
  await ground.control('PATCH', 'accounts/checknumber', { create_body: 'old', create_status: 200 });
  const patched = await jsonOf(ground.create('checknumber', someNumbers(5, 1e10), 'Twitter'));
  expect(patched).toMatchObject({ total: 0, status: 'pending' });
  const status = await jsonOf(ground.status('checknumber', patched.task_id));
  expect(status.actual_amount).toEqual({ amount: 0.003, currency: 'USD' });
});

test('counters move while a task is processed', async () => {
  let nowMs = 1_763_740_000_000;
  await using ground = await openGround({ now: () => nowMs, processing_ms_per_number: 10 });
  const { task_id } = await jsonOf(ground.create('ekycpro', someNumbers(1_000), 'tg'));
  const at = async (laterMs: number) => {
    nowMs = 1_763_740_000_000 + laterMs;
    return jsonOf(ground.status('ekycpro', task_id));
  };
  expect(await at(10)).toMatchObject({ status: 'pending', success: 0, failure: 0 });
  const half = await at(5_500);
  expect(half).toMatchObject({ status: 'processing', total: 1_000 });
  expect(half.success + half.failure).toBe(500);
  expect(half.result_url).toBeUndefined();
  const done = await at(10_000);
  expect(done.status).toBe('exported');
  expect(done.success + done.failure).toBe(1_000);
  expect(done.failure).toBeGreaterThan(0);
});

test.for([
  ['facebook', 99, 100],
  ['ws', 499, 500],
  ['ws_active', 999, 1_000],
] as const)('%s below its minimum is refused, free of charge', async ([type, short, minimum]) => {
  await using ground = await openGround();
  const refused = await jsonOf(ground.create('ekycpro', someNumbers(short), type), 400);
  expect(refused.error).toBe('invalid_batch_size');
  expect(refused.message).toContain(String(minimum));
  expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
  expect((await ground.create('ekycpro', someNumbers(minimum), type)).status).toBe(200);
});

test('minimums change without notice: the account says which holds', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'accounts/ekycpro', { task_types: { tg: { minimum: 50 } } });
  const refused = await jsonOf(ground.create('ekycpro', someNumbers(49), 'tg'), 400);
  expect(refused.error).toBe('invalid_batch_size');
});

test('without money there is no task and no charge, and after a top-up there is', async () => {
  await using ground = await openGround();
  await ground.control('PUT', 'balance', { account: 'ekycpro', balance: 0.004 });
  expect(await jsonOf(ground.create('ekycpro', someNumbers(10), 'tg'), 402)).toMatchObject({
    error: 'insufficient_balance',
  });
  expect((await ground.control('GET', 'tasks')).tasks).toEqual([]);
  await ground.control('PUT', 'balance', { account: 'ekycpro', balance: 0.005 });
  await jsonOf(ground.create('ekycpro', someNumbers(10), 'tg'));
  const headers = keyOf('ekycpro');
  expect(await jsonOf(fetch(`${ground.url}/v1/balance`, { headers }))).toMatchObject({
    balance: 0,
    used_today: 0.005,
  });
});

test('two uploads at once cannot both spend the last money', async () => {
  await using ground = await openGround();
  await ground.control('PUT', 'balance', { account: 'ekycpro', balance: 0.005 });
  const answers = await Promise.all([
    ground.create('ekycpro', someNumbers(10), 'tg'),
    ground.create('ekycpro', someNumbers(10, 1e10), 'tg'),
  ]);
  expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 402]);
});

test('keys, foreign tasks, unknown tasks and bad requests are refused in the vendor’s shape', async () => {
  await using ground = await openGround();
  const post = (path: string, init: RequestInit) =>
    fetch(`${ground.url}${path}`, { method: 'POST', ...init });
  expect(await jsonOf(post('/v1/tasks', {}), 401)).toEqual({
    error: 'unauthorized',
    message: 'Invalid API key',
  });
  // A key of another contract opens nothing here.
  await jsonOf(post('/v1/tasks', { headers: { 'x-api-key': 'sim-facebook' } }), 401);
  const { task_id } = await jsonOf(ground.create('ekycpro', someNumbers(5), 'tg'));
  expect(await jsonOf(ground.status('checknumber', task_id), 404)).toMatchObject({
    error: 'task_not_found',
  });
  await jsonOf(ground.status('ekycpro', 'd4g8o46p2jvh04o9uolg'), 404);
  // The quotes of the curl samples are curl's; a client that sends them has misread the page.
  const quoted = await jsonOf(ground.create('ekycpro', someNumbers(5), '"tg"'), 400);
  expect(quoted.error).toBe('invalid_task_type');
  await jsonOf(ground.create('ekycpro', someNumbers(5)), 400);
  await jsonOf(ground.create('ekycpro', ['hello'], 'tg'), 400);
  const noFile = new URLSearchParams({ task_type: 'tg' });
  await jsonOf(post('/v1/tasks', { headers: keyOf('ekycpro'), body: noFile }), 400);
  await jsonOf(post('/v1/gettasks', { headers: keyOf('ekycpro'), body: '{}' }), 400);
});
