import { expect, test } from 'vitest';
import { startStopwatch } from './stopwatch.ts';

test('a stopwatch counts what passes while nothing here can run', () => {
  const elapsed_ms = startStopwatch();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  expect(elapsed_ms()).toBeGreaterThanOrEqual(49);
});

test('a stopwatch is not moved by a clock that somebody sets', () => {
  const elapsed_ms = startStopwatch();
  const { now } = Date;
  try {
    Date.now = () => now() + 86_400_000;
    expect(elapsed_ms()).toBeLessThan(43_200_000);
  } finally {
    Date.now = now;
  }
});
