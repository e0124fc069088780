import { expect, test } from 'vitest';
import { jsonOf, keyOf, openGround, someNumbers } from '../testing/ground.ts';

test('a processed task says completed, without a URL, before it says exported', async () => {
  await using ground = await openGround();
  const { task_id } = await jsonOf(ground.create('facebook', someNumbers(100)));
  const first = await jsonOf(ground.status('facebook', task_id));
  expect(first).toMatchObject({ status: 'completed', total: 100 });
  expect(first.result_url).toBeUndefined();
  const second = await jsonOf(ground.status('facebook', task_id));
  expect(second.status).toBe('exported');
  expect((await fetch(second.result_url)).status).toBe(200);
});

test('completed lasts as long as the export does', async () => {
  let nowMs = 1_763_740_000_000;
  await using ground = await openGround({ now: () => nowMs, export_ms: 60_000 });
  const { task_id } = await jsonOf(ground.create('facebook', someNumbers(100)));
  const wordAt = async (laterMs: number) => {
    nowMs = 1_763_740_000_000 + laterMs;
    return (await jsonOf(ground.status('facebook', task_id))).status;
  };
  expect([await wordAt(1), await wordAt(59_999), await wordAt(60_000)]).toEqual([
    'completed',
    'completed',
    'exported',
  ]);
});

test('user_id is echoed, and demanded where the account says so', async () => {
  await using ground = await openGround();
  const form = () => {
    const body = new FormData();
    body.append('file', new Blob([someNumbers(100).join('\n')]), 'input.txt');
    return body;
  };
  const post = (body: FormData) =>
    fetch(`${ground.url}/fb/api/simple/tasks`, {
      method: 'POST',
      headers: keyOf('facebook'),
      body,
    });
  await ground.control('PATCH', 'accounts/facebook', { requires_user_id: true });
  await jsonOf(post(form()), 400);
  const named = form();
  named.append('user_id', 'rollcall');
  expect(await jsonOf(post(named))).toMatchObject({ user_id: 'rollcall', total: 0 });
});

test('too few numbers are refused, free of charge', async () => {
  await using ground = await openGround();
  const refused = await jsonOf(ground.create('facebook', someNumbers(99)), 400);
  expect(refused.error).toBe('invalid_batch_size');
  expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
});
