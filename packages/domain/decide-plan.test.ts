import { expect, test } from 'vitest';
import { decidePlan, replansMax } from './decide-plan.ts';

const limits = { minNumbers: 100, maxNumbers: 10_000, chunkSize: 1_000 };

test('only the first area gets a canary, and each area is cut for itself', () => {
  expect(
    decidePlan({ areas: [2_100, 2_000, 99], limits, learned: null, withCanary: true, replans: 0 }),
  ).toEqual([{ sizes: [100, 1_000, 1_000] }, { sizes: [1_000, 1_000] }, { sizes: 'too_few' }]);
});

test('a job that is planned anew keeps to what the provider taught', () => {
  const learned = { minNumbers: 1_100, maxNumbers: null };
  expect(
    decidePlan({ areas: [2_500, 1_000], limits, learned, withCanary: false, replans: 1 }),
  ).toEqual([{ sizes: [1_250, 1_250] }, { sizes: 'too_few' }]);
});

test('a job that was cut anew too often is cut no more: whatever its size, it was refused', () => {
  const facts = { areas: [2_500], limits, learned: null, withCanary: false };
  expect(decidePlan({ ...facts, replans: replansMax - 1 })).toEqual([{ sizes: [834, 833, 833] }]);
  expect(decidePlan({ ...facts, replans: replansMax })).toEqual([{ sizes: 'refused_too_often' }]);
});
