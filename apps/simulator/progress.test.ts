import { expect, test } from 'vitest';
import { progressOf } from './progress.ts';

const task = { total: 1_000, paidAtMs: 5_000, baseMs: 500, perNumberMs: 0.5 };

test('a task queues for a tenth of its time, then counts up evenly, then is done', () => {
  const at = (laterMs: number) => progressOf({ ...task, nowMs: 5_000 + laterMs });
  expect(at(0)).toEqual({ phase: 'pending', done: 0, updatedAtMs: 5_000 });
  expect(at(99)).toMatchObject({ phase: 'pending' });
  expect(at(100)).toMatchObject({ phase: 'processing', done: 0 });
  expect(at(550)).toEqual({ phase: 'processing', done: 500, updatedAtMs: 5_550 });
  expect(at(999)).toMatchObject({ phase: 'processing', done: 998 });
  expect(at(1_000)).toEqual({ phase: 'processed', done: 1_000, updatedAtMs: 6_000 });
  expect(at(9_999)).toEqual({ phase: 'processed', done: 1_000, updatedAtMs: 6_000 });
});

test('with the times at zero a task is done at once', () => {
  expect(progressOf({ ...task, baseMs: 0, perNumberMs: 0, nowMs: 5_000 })).toMatchObject({
    phase: 'processed',
    done: 1_000,
  });
});
