import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { type Poster, posterTo, query } from '../testing/post-job.ts';

let ground: Ground;
let poster: Poster;
beforeAll(async () => {
  ground = await openGround({ limits: { uploadsAtOnceMax: 1 } });
  poster = posterTo(ground, await ground.bearer(['jobs:write']));
});
afterAll(() => ground.close());

const csv = { 'content-type': 'text/csv' };

test('one upload more than is read at a time is told to come back, and then taken', async () => {
  const finish = Promise.withResolvers<void>();
  async function* slow() {
    yield Buffer.from('+447911123456\n');
    await finish.promise;
  }
  const first = poster.post(ReadableStream.from(slow()), csv, query);
  const refused = await waitFor(
    async () => {
      const answer = await poster.post('+447911123456\n', csv, query);
      return answer.response.status === 429 ? answer : undefined;
    },
    { describe: 'the first upload to be under way' },
  );
  expect(refused.body.code).toBe('too_many_uploads');
  expect(refused.response.headers.get('retry-after')).toBe('2');
  finish.resolve();
  expect((await first).response.status).toBe(202);
  expect((await poster.post('+447911123456\n', csv, query)).response.status).toBe(202);
});
