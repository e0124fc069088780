import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround({ limits: { requestsPerMinute: { perKeyMax: 5, perAddressMax: 3 } } });
});
afterAll(() => ground.close());

const get = (path: string, authorization?: string) =>
  fetch(`${ground.url}${path}`, { headers: authorization === undefined ? {} : { authorization } });

const statuses = async (times: number, path: string, authorization?: string) => {
  const seen: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const answer = await get(path, authorization);
    await answer.text();
    seen.push(answer.status);
  }
  return seen;
};

test('a key is told how much is left, then to wait, and no other key has to', async () => {
  const authorization = await ground.bearer(['jobs:read']);
  const first = await get('/v1/jobs', authorization);
  expect(first.headers.get('ratelimit-limit')).toBe('5');
  expect(first.headers.get('ratelimit-remaining')).toBe('4');
  expect(Number(first.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
  // What is refused for its scope counts too.
  expect(await statuses(2, '/v1/keys', authorization)).toEqual([403, 403]);
  expect(await statuses(2, '/v1/key', authorization)).toEqual([200, 200]);
  const over = await get('/v1/jobs', authorization);
  expect(over.status).toBe(429);
  expect(over.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(over.headers.get('ratelimit-remaining')).toBe('0');
  expect(over.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  const wait_s = Number(over.headers.get('retry-after'));
  expect(wait_s).toBeGreaterThan(0);
  expect(wait_s).toBeLessThanOrEqual(60);
  expect(((await over.json()) as Json).code).toBe('rate_limited');
  expect((await get('/v1/jobs', await ground.bearer(['jobs:read']))).status).toBe(200);
});

test('keys that are none are limited by address, and valid ones from there still work', async () => {
  expect(await statuses(5, '/v1/jobs', 'Bearer rc_live_x')).toEqual([401, 401, 401, 429, 429]);
  expect(await statuses(1, '/admin/queues')).toEqual([429]);
  expect(await statuses(1, '/v1/jobs', await ground.bearer(['jobs:read']))).toEqual([200]);
});

test('pages for everybody are limited by address, and health never is', async () => {
  expect(await statuses(4, '/openapi.json')).toEqual([200, 200, 200, 429]);
  expect(await statuses(8, '/healthz')).toEqual(Array.from({ length: 8 }, () => 200));
  const ready = await get('/readyz');
  expect([ready.status, ready.headers.get('ratelimit-limit')]).toEqual([200, null]);
});
