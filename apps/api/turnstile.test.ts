import { expect, test } from 'vitest';
import { turnstile } from './turnstile.ts';

test('no more than so many work at once, everybody gets a turn in order, and a failure frees its place', async () => {
  const pass = turnstile(2);
  let working = 0;
  let most = 0;
  const order: number[] = [];
  const work = (name: number) => async () => {
    working += 1;
    most = Math.max(most, working);
    order.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    working -= 1;
    if (name === 1) throw new Error('one failed');
    return name;
  };
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map((name) => pass(work(name))));
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect([most, working]).toEqual([2, 0]);
  expect(order).toEqual([0, 1, 2, 3, 4]);
});
