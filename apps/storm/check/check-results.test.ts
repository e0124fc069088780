import { expect, test } from 'vitest';
import { checkResults } from './check-results.ts';
import type { JobAnswers } from './read-answers.ts';
import { chunk, facts } from './testing/made-facts.ts';

const numbers = Array.from({ length: 20 }, (_, index) => 447_914_000_000 + index);
const truth = new Map(numbers.map((number) => [number, 'registered']));

/** The job's, where the first `changed` numbers have another outcome. */
function answers(changed = 0, outcome = 'missing', state = 'done'): JobAnswers {
  const rows = numbers.map((number, index) => ({
    number,
    outcome: index < changed ? outcome : 'registered',
    chunk_id: 'chk_1',
    state,
  }));
  return { jobId: 'job_1', numbers: 20, rows, truth };
}

test('nothing is said of true rows, of a few that a scripted file lacks, and of what was given up', () => {
  expect(checkResults(facts(), [answers()], 0)).toEqual([]);
  expect(checkResults(facts(), [answers(3)], 1)).toEqual([]);
  expect(checkResults(facts(), [answers(20, 'failed', 'failed')], 0)).toEqual([]);
});

test('sums that do not hold are lost, and named with their job', () => {
  const jobs = [{ id: 'job_1', state: 'completed', audit: { ok: false } }];
  expect(checkResults(facts({ jobs }), [answers()], 0)).toMatchObject([
    { kind: 'lost', chunkId: null, jobId: 'job_1', count: 1 },
  ]);
});

test('numbers without a row are lost, and named with their job', () => {
  const { rows, ...rest } = answers();
  const fewer = { ...rest, rows: [...rows.slice(0, 17), ...rows.slice(0, 3)] };
  expect(checkResults(facts(), [fewer], 0)).toMatchObject([
    { kind: 'lost', chunkId: null, jobId: 'job_1', count: 3 },
  ]);
});

test.each([
  ['done', 19, 1],
  ['failed', 0, 20],
  ['polling', 5, 5],
  ['held', 20, 20],
])('a chunk that is %s with %i rows of 20 is partial by %i', (state, rows, count) => {
  const chunks = [chunk({ state, rows })];
  expect(checkResults(facts({ chunks }), [], 0)).toMatchObject([
    { kind: 'partial', chunkId: 'chk_1', count },
  ]);
});

test('a row that says what is not so is lost, whatever files were scripted', () => {
  expect(checkResults(facts(), [answers(2, 'not_registered')], 9)).toMatchObject([
    { kind: 'lost', chunkId: 'chk_1', count: 2, what: expect.stringContaining('rows are wrong') },
  ]);
});

test('a number that was put on the suppression list may be suppressed, and no other', () => {
  const two = new Set(numbers.slice(0, 2));
  expect(checkResults(facts(), [answers(2, 'suppressed')], 0, two)).toEqual([]);
  expect(checkResults(facts(), [answers(3, 'suppressed')], 0, two)).toMatchObject([
    { kind: 'lost', chunkId: 'chk_1', count: 1 },
  ]);
});

test('an erased number has no row, and is none that is lost', () => {
  const { rows, ...rest } = answers();
  const chunks = [chunk({ erased: 1, rows: 19 })];
  expect(checkResults(facts({ chunks }), [{ ...rest, rows: rows.slice(1) }], 0)).toEqual([]);
  expect(checkResults(facts({ chunks }), [{ ...rest, rows: rows.slice(2) }], 0)).toMatchObject([
    { kind: 'lost', jobId: 'job_1', count: 1 },
  ]);
});

test('a file without answers is lost where none was scripted, or where it lacks more than a script takes', () => {
  expect(checkResults(facts(), [answers(3)], 0)).toMatchObject([
    { kind: 'lost', chunkId: 'chk_1', count: 1 },
  ]);
  expect(checkResults(facts(), [answers(6, 'undetermined')], 1)).toMatchObject([
    { kind: 'lost', chunkId: 'chk_1', count: 6 },
  ]);
});
