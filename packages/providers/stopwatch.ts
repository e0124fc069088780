import { uptime } from 'node:os';

/**
 * Starts a stopwatch; the call that it gives answers how long ago that was, ms. It goes on while the process is stopped (SIGSTOP, a
 * machine that swaps) and while the whole machine sleeps, and nobody can set it: `performance.now()` is Linux' CLOCK_MONOTONIC, which stands
 * still in a suspend, `uptime()` is CLOCK_BOOTTIME (libuv reads /proc/uptime, in steps of 10 ms), which does not, and `Date.now()` may be
 * set. The larger passage counts. A virtual machine that is paused from outside has all of its clocks stopped with it: it cannot know.
 */
export function startStopwatch(): () => number {
  const started_ms = performance.now();
  const startedUp_s = uptime();
  return () => Math.max(performance.now() - started_ms, (uptime() - startedUp_s) * 1000);
}
