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

test('what passes on either of the two clocks counts: one of them stands still while the machine sleeps, the other goes in steps', () => {
  const now = { monotonic_ms: 5_000, uptime_s: 70 };
  const elapsed_ms = startStopwatch({
    monotonic_ms: () => now.monotonic_ms,
    uptime_s: () => now.uptime_s,
  });
  expect(elapsed_ms()).toBe(0);
  now.monotonic_ms += 4;
  expect(elapsed_ms()).toBe(4);
  now.uptime_s += 3_600;
  expect(elapsed_ms()).toBe(3_600_000);
  now.monotonic_ms += 7_200_000;
  expect(elapsed_ms()).toBe(7_200_004);
});
