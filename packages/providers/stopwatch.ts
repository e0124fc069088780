import { uptime } from 'node:os';

/** Both only go forward. */
interface Clocks {
  readonly monotonic_ms: () => number;
  readonly uptime_s: () => number;
}

const machine: Clocks = { monotonic_ms: () => performance.now(), uptime_s: uptime };

/**
 * Starts a stopwatch; the call that it gives answers how long ago that was, ms. It goes on while the process is stopped (SIGSTOP, a
 * machine that swaps) and while the whole machine sleeps, and nobody can set it: `performance.now()` is Linux' CLOCK_MONOTONIC, which stands
 * still in a suspend, `uptime()` is CLOCK_BOOTTIME (libuv reads /proc/uptime, in steps of 10 ms), which does not, and `Date.now()` may be
 * set. The larger passage counts. A virtual machine that is paused from outside has all of its clocks stopped with it: it cannot know.
 */
export function startStopwatch(clocks: Clocks = machine): () => number {
  const started_ms = clocks.monotonic_ms();
  const startedUp_s = clocks.uptime_s();
  return () =>
    Math.max(clocks.monotonic_ms() - started_ms, (clocks.uptime_s() - startedUp_s) * 1000);
}
