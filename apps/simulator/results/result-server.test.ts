import { expect, test } from 'vitest';
import { type Ground, jsonOf, openGround, someNumbers } from '../testing/ground.ts';

async function exportedUrl(ground: Ground): Promise<{ taskId: string; url: string }> {
  const { task_id: taskId } = await jsonOf(ground.create('ekycpro', someNumbers(20), 'tg'));
  return { taskId, url: (await jsonOf(ground.status('ekycpro', taskId))).result_url };
}

test('a result URL is presigned, on another origin', async () => {
  await using ground = await openGround();
  const { taskId, url } = await exportedUrl(ground);
  const { origin, pathname, searchParams } = new URL(url);
  expect(origin).not.toBe(ground.url);
  expect(pathname).toBe(`/externalcheck/${taskId}/${taskId}.zip`);
  expect(searchParams.get('X-Amz-Algorithm')).toBe('AWS4-HMAC-SHA256');
  expect(searchParams.get('X-Amz-Expires')).toBe('3600');
  expect((await fetch(url)).status).toBe(200);
});

test('it refuses requests that carry the vendor’s key or an Authorization header', async () => {
  await using ground = await openGround();
  const { url } = await exportedUrl(ground);
  for (const headers of [{ 'x-api-key': 'sim-ekycpro' }, { authorization: 'Bearer x' }]) {
    const response = await fetch(url, { headers });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('<Code>InvalidArgument</Code>');
  }
});

test('it expires, and the next status has a fresh one', async () => {
  let nowMs = 1_763_740_000_000;
  await using ground = await openGround({ now: () => nowMs, result_url_expires_seconds: 60 });
  const { taskId, url } = await exportedUrl(ground);
  nowMs += 59_999;
  expect((await fetch(url)).status).toBe(200);
  nowMs += 1;
  const expired = await fetch(url);
  expect(expired.status).toBe(403);
  expect(await expired.text()).toContain('Request has expired');
  const { result_url } = await jsonOf(ground.status('ekycpro', taskId));
  expect((await fetch(result_url)).status).toBe(200);
});

test('it cannot be prolonged or turned to another task', async () => {
  await using ground = await openGround();
  const { taskId, url } = await exportedUrl(ground);
  const forged = [
    url.replace('Expires=3600', 'Expires=7200'),
    url.replace(`${taskId}.zip`, `${taskId}.xlsx`),
    url.replace(/X-Amz-Signature=.*/, 'X-Amz-Signature='),
    url.split('?')[0] ?? '',
  ];
  for (const each of forged) expect((await fetch(each)).status).toBe(403);
  expect((await fetch(url.replaceAll(taskId, 'd4g8o46p2jvh04o9uolg'))).status).toBe(404);
});

test('every fourth task’s URL has the wrong ending', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'accounts/ekycpro', { result_layouts: ['xlsx'] });
  const endings: string[] = [];
  for (let task = 0; task < 4; task += 1) {
    endings.push(new URL((await exportedUrl(ground)).url).pathname.split('.').at(-1) ?? '');
  }
  expect(endings).toEqual(['xlsx', 'xlsx', 'xlsx', 'zip']);
});
