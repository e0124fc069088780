import { afterAll, beforeAll, expect, test } from 'vitest';
import { notSent, refused, retry } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround } from '../testing/ground.ts';
import { claim, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { blockChunk } from './claim-submit.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

test.each([
  ['an upload that was not sent', notSent, retry],
  ['a free refusal', refused, { kind: 'rejected', reason: 'wrong data' } as const],
])(
  'money that %s gives back wakes what waits under the job’s ceiling, and nothing else',
  async (_, answer, result) => {
    const jobId = await receive(ground, someNumbers(4));
    const other = await receive(ground, someNumbers(1));
    const [sent = '', waits = '', waitsToo = '', canary = ''] = await plan(
      ground,
      jobId,
      Array.from({ length: 4 }, () => ({ size: 1 })),
    );
    const [elsewhere = ''] = await plan(ground, other, [{ size: 1 }]);
    const chunk = await claim(ground, sent);
    for (const id of [waits, waitsToo, elsewhere]) {
      await ground.db.transaction('test', (tx) => blockChunk(tx, id, 0, 'job_ceiling', null));
    }
    await ground.db.transaction('test', (tx) => blockChunk(tx, canary, 0, 'canary', null));
    await settle(ground, chunk, answer, result);
    for (const id of [waits, waitsToo]) {
      expect(await chunkRow(ground, id)).toMatchObject({
        state: 'blocked',
        reason: 'job_ceiling',
        due_at: expect.any(Date) as Date,
        rung_at: null,
      });
    }
    expect(await chunkRow(ground, elsewhere)).toMatchObject({ due_at: null });
    // What was behind the first chunk is stopped with it where that was rejected; it is never woken.
    expect(await chunkRow(ground, canary)).toMatchObject({ state: 'blocked', due_at: null });
  },
);
