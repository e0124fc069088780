import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';

test('waiting gives what the condition gave as soon as it is something', async () => {
  let looks = 0;
  const value = await waitFor(() => (++looks === 3 ? { looks } : undefined), {
    describe: 'third look',
  });
  expect(value).toEqual({ looks: 3 });
});

test('waiting in vain says for what, and for how long', async () => {
  const waiting = waitFor(() => false, {
    timeoutMs: 30,
    everyMs: 5,
    describe: 'a row that never comes',
  });
  await expect(waiting).rejects.toThrow('Waited 30 ms for a row that never comes.');
});

test('an error in the condition is not mistaken for "not yet"', async () => {
  const waiting = waitFor(() => Promise.reject(new Error('no such table')), { describe: 'a row' });
  await expect(waiting).rejects.toThrow('no such table');
});
