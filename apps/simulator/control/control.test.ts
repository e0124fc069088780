import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { jsonOf, keyOf, openGround, someNumbers } from '../testing/ground.ts';
import { expectedOutcome, truthRule } from '../truth.ts';

test('the ledger names each charge’s numbers by digest and gives them on request', async () => {
  await using ground = await openGround();
  const { task_id } = await jsonOf(ground.create('ekycpro', someNumbers(30).toReversed(), 'tg'));
  const text = someNumbers(30)
    .map((number) => `${number.slice(1)}\n`)
    .join('');
  const { charges, totals } = await ground.control('GET', 'ledger');
  const sha256 = createHash('sha256').update(text).digest('hex');
  expect(charges[0]).toMatchObject({ task_id, check: 'telegram', numbers_sha256: sha256 });
  expect(totals).toMatchObject([{ account: 'ekycpro', charges: 1, numbers: 30, amount: 0.015 }]);
  const numbers = await fetch(`${ground.url}/_sim/tasks/${task_id}/numbers`);
  expect(await numbers.text()).toBe(text);
});

test('the ledger can be read on from a charge, by account and by task', async () => {
  await using ground = await openGround();
  const ids: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const numbers = someNumbers(5, 1e10 + turn * 10);
    ids.push((await jsonOf(ground.create('ekycpro', numbers, 'tg'))).task_id);
  }
  await ground.create('webcom', someNumbers(5), 'WA_cheking');
  const read = async (query: string) =>
    (await ground.control('GET', `ledger?${query}`)).charges.map(
      (each: { seq: number }) => each.seq,
    );
  expect(await read('after=2')).toEqual([3, 4]);
  expect(await read('account=webcom')).toEqual([4]);
  expect(await read(`task_id=${ids[1]}`)).toEqual([2]);
});

test('numbers paid for twice are found per account and check, and only those', async () => {
  await using ground = await openGround();
  await ground.create('ekycpro', someNumbers(10), 'tg');
  await ground.create('ekycpro', someNumbers(10), 'coinW');
  await ground.create('checknumber', someNumbers(10), 'tg');
  await ground.create('ekycpro', someNumbers(10, 1e10), 'tg');
  expect(await ground.control('GET', 'paid-twice')).toEqual({ paid_twice: 0, groups: [] });
  await ground.create('ekycpro', someNumbers(10, 447_911_000_007), 'tg');
  await ground.create('ekycpro', someNumbers(1, 447_911_000_008), 'tg');
  const { paid_twice, groups } = await ground.control('GET', 'paid-twice');
  expect(paid_twice).toBe(3);
  expect(groups).toMatchObject([
    {
      account: 'ekycpro',
      check: 'telegram',
      numbers: 3,
      first_numbers: ['447911000007', '447911000008', '447911000009'],
    },
  ]);
});

test('truth over HTTP is the rule, in the form of the account’s files or bare', async () => {
  await using ground = await openGround();
  const digits = someNumbers(2_000).map((number) => number.slice(1));
  const ask = async (query: string, body: string, type = 'text/plain') => {
    const headers = { 'content-type': type };
    const url = `${ground.url}/_sim/truth?${query}`;
    const response = await fetch(url, { method: 'POST', headers, body });
    return (await response.text()).trimEnd().split('\n');
  };
  const wanted = (form: Parameters<typeof expectedOutcome>[1], check = 'telegram') => [
    'number,outcome',
    ...digits.map((number) => `${number},${expectedOutcome(truthRule(check)(number), form)}`),
  ];
  const text = digits.toReversed().join('\n');
  expect(await ask('check=telegram', text)).toEqual(wanted('table_with_ban'));
  expect(await ask('account=ekycpro&task_type=tg', text)).toEqual(wanted('table'));
  expect(await ask('account=facebook&task_type=facebook', text)).toEqual(
    wanted('table_with_ban', 'facebook'),
  );
  const list = JSON.stringify(digits.map((number) => `+${number}`));
  expect(await ask('account=webcom&task_type=Telegram_cheking', list, 'application/json')).toEqual(
    wanted('positives_only'),
  );
  expect(await ask('account=webcom&task_type=nonsense', text)).toHaveLength(1);
  const some = digits.slice(0, 5).join(',');
  const got = await fetch(`${ground.url}/_sim/truth?check=telegram&numbers=${some}`);
  expect((await got.text()).trimEnd().split('\n')).toEqual(wanted('table_with_ban').slice(0, 6));
});

test('requests are counted per operation and account, with times and uploads in flight', async () => {
  await using ground = await openGround();
  await ground.control('POST', 'faults', {
    match: { operation: 'create' },
    next: 'all',
    action: { kind: 'delay', ms: 100 },
  });
  const before = Date.now();
  const uploads = [1e10, 2e10, 3e10].map((first) =>
    ground.create('ekycpro', someNumbers(5, first), 'tg'),
  );
  const [one] = await Promise.all(uploads.map((upload) => jsonOf(upload)));
  await jsonOf(ground.status('ekycpro', one.task_id));
  const { requests } = await ground.control('GET', 'requests');
  expect(requests).toMatchObject([
    { operation: 'create', account: 'ekycpro', count: 3, in_flight_max: 3, in_flight: 0 },
    { operation: 'status', account: 'ekycpro', count: 1, in_flight_max: 1, statuses: { 200: 1 } },
  ]);
  const times: number[] = requests[0].started_at_ms;
  expect(times).toHaveLength(3);
  expect(times.every((time) => time > before - 50 && time < Date.now() + 50)).toBe(true);
  await ground.control('DELETE', 'requests');
  expect((await ground.control('GET', 'requests')).requests).toEqual([]);
});

test('settings and keys change while it runs, and nonsense is refused by name', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'settings', { processing_ms_base: 3_600_000 });
  const { task_id } = await jsonOf(ground.create('ekycpro', someNumbers(5), 'tg'));
  expect((await jsonOf(ground.status('ekycpro', task_id))).status).toBe('pending');
  await ground.control('PATCH', 'accounts/ekycpro', { key: 'rotated' });
  await jsonOf(ground.status('ekycpro', task_id), 401);
  const headers = { 'x-api-key': 'rotated' };
  await jsonOf(fetch(`${ground.url}/v1/balance`, { headers }));
  await expect(ground.control('PATCH', 'settings', { speed: 1 })).rejects.toThrow('speed');
  await expect(ground.control('PATCH', 'accounts/nobody', {})).rejects.toThrow('404');
  const twin = { key: 'sim-checknumber' };
  await expect(ground.control('PATCH', 'accounts/ekycpro', twin)).rejects.toThrow('share a key');
  expect((await fetch(`${ground.url}/v1/balance`, { headers: keyOf('checknumber') })).ok).toBe(
    true,
  );
});
