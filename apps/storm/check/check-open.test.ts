import { expect, test } from 'vitest';
import { openWithoutReason } from './check-open.ts';
import { chunk, facts } from './testing/made-facts.ts';

const running = [{ id: 'job_1', state: 'running', audit: { ok: true } }];

test('nothing is said of what is closed, or waits for a person or a reason', () => {
  expect(openWithoutReason(facts())).toEqual([]);
  for (const state of ['held', 'blocked']) {
    expect(openWithoutReason(facts({ chunks: [chunk({ state })], jobs: running }))).toEqual([]);
  }
});

test.each(['ready', 'submitting', 'polling', 'result_ready', 'ingesting'])(
  'a chunk that is %s when nothing moves any more is stuck',
  (state) => {
    const stuck = openWithoutReason(facts({ chunks: [chunk({ state })], jobs: running }));
    expect(stuck).toMatchObject([{ kind: 'stuck', chunkId: 'chk_1', what: `is ${state}` }]);
  },
);

test('an open job with nothing to wait for is stuck, without chunks too', () => {
  for (const chunks of [[chunk()], []]) {
    expect(openWithoutReason(facts({ chunks, jobs: running }))).toMatchObject([
      { kind: 'stuck', chunkId: null, jobId: 'job_1' },
    ]);
  }
});
