import { setTimeout as delay } from 'node:timers/promises';
import { type Child, ChildFailed } from './start-child.ts';

/** How a worker ends that is alive and processes nothing, to be started again (EX_TEMPFAIL, its watchdog). */
const toBeStartedAgain = 'code 75';

export interface KeepOptions {
  /** Starts it; `stopped` is aborted when it is not wanted any more. */
  readonly start: (stopped: AbortSignal) => Promise<Child>;
  /** Told before each further start. */
  readonly onRestart: () => void;
  /** What is waited before the first further start; twice as long before each that follows. */
  readonly wait_ms: number;
  /** Further starts in a row; who ran for `calm_ms` begins anew. */
  readonly restartsMax: number;
  readonly calm_ms: number;
}

/**
 * Does what a supervisor does in production: a child that ends with 75 is started again, a while later, a few times in a row. The
 * child that is returned stands for all of them; it ends with any other end, and with the last that it is not started again for.
 * Throws as the first start does.
 */
export async function keepChild(options: KeepOptions): Promise<Child> {
  const stopped = new AbortController();
  let current = await options.start(stopped.signal);
  const { name, logPath } = current;

  async function untilEnd(): Promise<string> {
    for (let restarts = 0; ; restarts += 1) {
      const from_ms = performance.now();
      const how = await current.ended;
      if (performance.now() - from_ms >= options.calm_ms) restarts = 0;
      if (how !== toBeStartedAgain || stopped.signal.aborted || restarts === options.restartsMax)
        return how;
      const { signal } = stopped;
      await delay(options.wait_ms * 2 ** restarts, undefined, { signal }).catch(() => undefined);
      if (stopped.signal.aborted) return how;
      options.onRestart();
      try {
        current = await options.start(stopped.signal);
        if (stopped.signal.aborted) await current.stop();
      } catch (error) {
        if (error instanceof ChildFailed) return `${how}, and could not be started again`;
        throw error;
      }
    }
  }

  const ended = untilEnd().catch(String);
  return {
    name,
    logPath,
    ended,
    async stop() {
      stopped.abort();
      await current.stop();
      await ended;
    },
  };
}
