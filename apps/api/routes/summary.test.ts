import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let authorization: string;
const today = new Date().toISOString().slice(0, 10);
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:read']);
  await insertAnsweredJob(ground.database, { tenantId: await addTenant(ground.database) });
  await insertAnsweredJob(ground.database, { tenantId: 1 });
  await insertAnsweredJob(ground.database, { tenantId: 1 });
});
afterAll(() => ground.close());

async function summary(query = '') {
  const response = await fetch(`${ground.url}/v1/summary${query}`, { headers: { authorization } });
  return { status: response.status, body: (await response.json()) as Json };
}

test('the numbers of all jobs of the tenant, and of no other, by outcome, day and check', async () => {
  const outcomes = { registered: 20, not_registered: 18, undetermined: 2 };
  const { status, body } = await summary();
  expect(status).toBe(200);
  expect(body).toEqual({
    from: new Date(Date.parse(today) - 30 * 86_400_000).toISOString().slice(0, 10),
    to: today,
    outcomes,
    days: [{ day: today, check: 'telegram', outcomes }],
  });
});

test('days before have none, and asking for too many or none at all is refused', async () => {
  expect((await summary('?from=2024-01-01&to=2024-12-31')).body).toMatchObject({ days: [] });
  expect((await summary('?from=2024-01-01&to=2025-01-01')).status).toBe(422);
  expect((await summary('?from=2024-01-02&to=2024-01-01')).status).toBe(422);
  expect((await summary('?from=9999-01-01')).status).toBe(422);
});
