import { expect, test } from 'vitest';
import { concernedChunks } from './concerned-chunks.ts';
import { chunk } from './testing/made-facts.ts';
import type { Violation } from './violation.ts';

const lost: Violation = { kind: 'lost', chunkId: null, count: 1, what: 'sums' };
const chunks = [
  chunk({ id: 'chk_1' }),
  chunk({ id: 'chk_2', state: 'polling' }),
  chunk({ id: 'chk_3', job_id: 'job_2' }),
];

test('a violation of a job concerns its chunks, those that are not done first, and one of a chunk that chunk', () => {
  expect(concernedChunks([{ ...lost, jobId: 'job_1' }], { chunks })).toEqual(['chk_2', 'chk_1']);
  expect(
    concernedChunks(
      [
        { ...lost, jobId: 'job_1' },
        { ...lost, chunkId: 'chk_3' },
      ],
      { chunks },
    ),
  ).toEqual(['chk_3', 'chk_2', 'chk_1']);
  expect(concernedChunks([lost], { chunks })).toEqual([]);
});
