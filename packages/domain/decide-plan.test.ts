import { expect, test } from 'vitest';
import { decidePlan } from './decide-plan.ts';

const limits = { minNumbers: 100, maxNumbers: 10_000, chunkSize: 1_000 };

test('only the first area gets a canary, and each area is cut for itself', () => {
  expect(
    decidePlan({ areas: [2_100, 2_000, 99], limits, learned: null, withCanary: true }),
  ).toEqual([{ sizes: [100, 1_000, 1_000] }, { sizes: [1_000, 1_000] }, { sizes: 'too_few' }]);
});

test('a job that is planned anew keeps to what the provider taught', () => {
  const learned = { minNumbers: 1_100, maxNumbers: null };
  expect(decidePlan({ areas: [2_500, 1_000], limits, learned, withCanary: false })).toEqual([
    { sizes: [1_250, 1_250] },
    { sizes: 'too_few' },
  ]);
});
