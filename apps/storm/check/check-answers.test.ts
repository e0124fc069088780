import { expect, test } from 'vitest';
import { checkAnswers } from './check-answers.ts';
import { attempt, charge, chunk, facts } from './testing/made-facts.ts';

const failed = chunk({ state: 'failed', reason: 'artifact' });
const nothingSpoiled = new Map<string, number>();
const spoiled = new Map([['checknumber', 1]]);

test.each(['failed', 'rejected', 'cancelled'])(
  'a chunk that was paid for and ends %s is lost',
  (state) => {
    const { violations, paidWithoutAnswer } = checkAnswers(
      facts({ chunks: [chunk({ state })] }),
      nothingSpoiled,
    );
    expect(violations).toMatchObject([{ kind: 'lost', chunkId: 'chk_1', count: 20 }]);
    expect(paidWithoutAnswer).toBe(0);
  },
);

test('a file that was spoiled for good may cost one chunk of its account its answer, and no second one', () => {
  const other = chunk({ id: 'chk_2', state: 'failed', sha256: 'sha of chk_2' });
  const both = facts({
    chunks: [failed, other],
    attempts: [attempt(), attempt({ id: 'att_2', chunk_id: 'chk_2' })],
    charges: [charge(), charge({ seq: 2, task_id: 'task_2', numbers_sha256: 'sha of chk_2' })],
  });
  expect(checkAnswers(facts({ chunks: [failed] }), spoiled)).toEqual({
    violations: [],
    paidWithoutAnswer: 1,
  });
  expect(checkAnswers(both, spoiled)).toMatchObject({
    violations: [{ kind: 'lost', chunkId: 'chk_2', count: 20 }],
    paidWithoutAnswer: 1,
  });
  expect(checkAnswers(both, new Map([['webcom', 2]])).violations).toHaveLength(2);
});

test('a task that its provider named like another’s may cost its own chunk the answer, and no other chunk', () => {
  const misnamed = [charge({ task_id: 'task_2', shown_task_id: 'task_1' })];
  expect(checkAnswers(facts({ chunks: [failed], charges: misnamed }), nothingSpoiled)).toEqual({
    violations: [],
    paidWithoutAnswer: 1,
  });
  const other = chunk({ id: 'chk_2', state: 'failed', sha256: 'sha of chk_2' });
  const both = facts({
    chunks: [failed, other],
    attempts: [attempt(), attempt({ id: 'att_2', chunk_id: 'chk_2' })],
    charges: [...misnamed, charge({ seq: 2, task_id: 'task_3', numbers_sha256: 'sha of chk_2' })],
  });
  expect(checkAnswers(both, nothingSpoiled)).toMatchObject({
    violations: [{ kind: 'lost', chunkId: 'chk_2' }],
    paidWithoutAnswer: 1,
  });
});

test('nothing is said of what is answered, was never paid for, or was written off by a person', () => {
  const attempts = [attempt({ outcome: 'written_off', place: 'written_off' })];
  for (const fields of [{}, { chunks: [failed], charges: [] }, { chunks: [failed], attempts }]) {
    expect(checkAnswers(facts(fields), nothingSpoiled)).toEqual({
      violations: [],
      paidWithoutAnswer: 0,
    });
  }
});
