import { expect, test } from 'vitest';
import { type Ground, jsonOf, keyOf, openGround, someNumbers } from '../testing/ground.ts';

async function createTask(ground: Ground, count = 40, first?: number): Promise<number> {
  const answer = await jsonOf(ground.create('webcom', someNumbers(count, first), 'WA_cheking'));
  return answer.data.id;
}

async function statuses(ground: Ground, body: URLSearchParams | FormData): Promise<Response> {
  const url = `${ground.url}/api/checking/get-status`;
  return fetch(url, { method: 'POST', headers: keyOf('webcom'), body });
}

test('one call answers for many tasks, in each form that ids are known to come in', async () => {
  await using ground = await openGround();
  const ids = [await createTask(ground), await createTask(ground, 10, 1e10)];
  const list = JSON.stringify(ids);
  const multipart = new FormData();
  multipart.append('ids', list);
  const repeated = new URLSearchParams();
  for (const id of ids) repeated.append('ids[]', String(id));
  for (const body of [new URLSearchParams({ ids: list }), multipart, repeated]) {
    const { success, data } = await jsonOf(statuses(ground, body));
    expect(success).toBe(true);
    expect(data.map((entry: { id: number }) => entry.id)).toEqual(ids);
  }
  await ground.control('PATCH', 'accounts/webcom', { status_data: 'object' });
  const { data } = await jsonOf(statuses(ground, new URLSearchParams({ ids: list })));
  expect(Object.keys(data)).toEqual(ids.map(String));
});

test('unknown ids are left out, and nonsense is refused', async () => {
  await using ground = await openGround();
  const known = await createTask(ground);
  const ask = (ids: string) => statuses(ground, new URLSearchParams({ ids }));
  expect((await jsonOf(ask(`[${known},1]`))).data).toHaveLength(1);
  for (const ids of ['', '[]', '["x"]', '[1', 'abc']) {
    expect(await jsonOf(ask(ids), 400)).toEqual({
      name: 'Bad Request',
      message: 'Wrong data ids',
      code: 0,
      status: 400,
    });
  }
});

test('numbers may come as text in phones', async () => {
  await using ground = await openGround();
  const body = new URLSearchParams({ type: 'Viber_cheking', phones: someNumbers(3).join('\n') });
  const url = `${ground.url}/api/checking/create`;
  const created = await jsonOf(fetch(url, { method: 'POST', headers: keyOf('webcom'), body }));
  expect(created).toMatchObject({ success: true, data: { status: 'new', total_phones: 3 } });
});

test('what is wrong is refused in webcom’s shape, and is free', async () => {
  await using ground = await openGround();
  const wrong = async (numbers: string[], type: string) =>
    (await jsonOf(ground.create('webcom', numbers, type), 400)).message;
  expect(await wrong(['hello'], 'WA_cheking')).toBe('Wrong data phones');
  expect(await wrong(someNumbers(3), 'WA_checking')).toBe('Wrong data type');
  const url = `${ground.url}/api/checking/create`;
  const stranger = fetch(url, { method: 'POST', headers: { authorization: 'Bearer no' } });
  expect(await jsonOf(stranger, 401)).toMatchObject({ name: 'Unauthorized', status: 401 });
  expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
});

test('without money a task waits, uncharged, and goes on after a top-up', async () => {
  await using ground = await openGround();
  await ground.control('PUT', 'balance', { account: 'webcom', balance: 0.01 });
  const created = await jsonOf(ground.create('webcom', someNumbers(40), 'WA_cheking'));
  expect(created.data.status).toBe('waittopay');
  const { id } = created.data;
  const entry = async () => (await jsonOf(ground.status('webcom', id))).data[0];
  expect(await entry()).toEqual({
    id,
    status: 'waittopay',
    total_phones: 40,
    filtered_phones: 0,
  });
  expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
  const topped = await ground.control('PUT', 'balance', { account: 'webcom', balance: 1 });
  expect(topped.balances.find((each: { account: string }) => each.account === 'webcom')).toEqual({
    account: 'webcom',
    currency: 'USD',
    balance: 0.968,
    waiting_tasks: 0,
  });
  expect(await entry()).toMatchObject({ status: 'complete' });
  expect((await ground.control('GET', 'ledger')).charges).toMatchObject([
    { task_id: String(id), amount: 0.032 },
  ]);
});

test('a top-up pays for the waiting tasks in their order, as far as it goes', async () => {
  await using ground = await openGround();
  await ground.control('PUT', 'balance', { account: 'webcom', balance: 0 });
  const ids = [await createTask(ground, 40), await createTask(ground, 10, 1e10)];
  const topUp = async (balance: number) => {
    await ground.control('PUT', 'balance', { account: 'webcom', balance });
    const { charges } = await ground.control('GET', 'ledger');
    return charges.map((charge: { task_id: string }) => Number(charge.task_id));
  };
  // Enough for the second alone: it still waits behind the first.
  expect(await topUp(0.031)).toEqual([]);
  expect(await topUp(0.035)).toEqual(ids.slice(0, 1));
  expect(await topUp(0.008)).toEqual(ids);
});

test('words and counters follow the work, and the hash comes with complete only', async () => {
  let nowMs = 1_763_740_000_000;
  await using ground = await openGround({ now: () => nowMs, processing_ms_base: 1_000 });
  const id = await createTask(ground, 200);
  const at = async (laterMs: number) => {
    nowMs = 1_763_740_000_000 + laterMs;
    return (await jsonOf(ground.status('webcom', id))).data[0];
  };
  expect(await at(0)).toEqual({ id, status: 'new', total_phones: 200, filtered_phones: 0 });
  const half = await at(550);
  expect(half.status).toBe('inwork');
  expect(half.hash).toBeUndefined();
  const done = await at(1_000);
  expect(done).toMatchObject({ status: 'complete', hash: expect.any(String) });
  expect(half.filtered_phones).toBe(Math.floor(done.filtered_phones / 2));
});

test('a hash that needs escaping leads to the file only when it is escaped', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'accounts/webcom', { hash_style: 'needs_encoding' });
  const id = await createTask(ground);
  const { hash } = (await jsonOf(ground.status('webcom', id))).data[0];
  const url = `${ground.url}/api/checking/get-file/`;
  const headers = keyOf('webcom');
  expect((await fetch(url + encodeURIComponent(hash), { headers })).status).toBe(200);
  expect((await fetch(url + hash, { headers })).ok).toBe(false);
  expect((await fetch(url + encodeURIComponent(hash))).status).toBe(401);
});
