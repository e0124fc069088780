import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Ground, openGround } from '../testing/ground.ts';
import { type Poster, posterTo, query } from '../testing/post-job.ts';

let ground: Ground;
let poster: Poster;
beforeAll(async () => {
  ground = await openGround({ limits: { uploads: { atOnceMax: 2, atOncePerKeyMax: 2 } } });
  poster = posterTo(ground, await ground.bearer(['jobs:write']));
});
afterAll(() => ground.close());

const csv = { 'content-type': 'text/csv' };

test('one upload more than is read of a tenant at a time, under whichever key, is told to come back, and others’ are taken', async () => {
  const finish = Promise.withResolvers<void>();
  async function* slow() {
    yield Buffer.from('+447911123456\n');
    await finish.promise;
  }
  // Two at once, since nobody can say which of them reaches the server first: one is read, the other is not.
  const second = posterTo(ground, await ground.bearer(['jobs:write']));
  const both = [poster, second].map(({ post }) => post(ReadableStream.from(slow()), csv, query));
  const refused = await Promise.race(both);
  expect(refused.body.code).toBe('too_many_uploads');
  expect(refused.response.status).toBe(429);
  expect(refused.response.headers.get('retry-after')).toBe('2');
  const tenantId = await addTenant(ground.database);
  const others = posterTo(ground, await ground.bearer(['jobs:write'], tenantId));
  expect((await others.post('+447911123456\n', csv, query)).response.status).toBe(202);
  finish.resolve();
  const statuses = new Set((await Promise.all(both)).map(({ response }) => response.status));
  expect(statuses).toEqual(new Set([202, 429]));
  expect((await poster.post('+447911123456\n', csv, query)).response.status).toBe(202);
});
