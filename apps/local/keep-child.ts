import { setTimeout as delay } from 'node:timers/promises';
import { type Child, ChildFailed } from './start-child.ts';

export interface KeepOptions {
  /** Starts it; `stopped` is aborted when it is not wanted any more. */
  readonly start: (stopped: AbortSignal) => Promise<Child>;
  /** How it ends when it is not to be started again, `code 0`; every other end is followed by another start. */
  readonly lastEnds: readonly string[];
  /** Told of each end that another start follows, and how long from now. */
  readonly onEnd: (how: string, wait_ms: number) => void;
  /** Told when it is up again. */
  readonly onRestart: () => void;
  /** What is waited before the first further start; twice as long before each that follows, up to `waitMax_ms`. */
  readonly wait_ms: number;
  readonly waitMax_ms: number;
  /** Further starts in a row, those that fail among them; who ran for `calm_ms` begins anew. */
  readonly restartsMax: number;
  readonly calm_ms: number;
}

/**
 * Does what a supervisor does in production: a child that ends by itself, or is killed, is started again, a while later, so many
 * times in a row. The child that is returned stands for all of them; it ends with the first of `lastEnds`, and with the last that it
 * is not started again for. Throws as the first start does.
 */
export async function keepChild(options: KeepOptions): Promise<Child> {
  const stopped = new AbortController();
  const { signal } = stopped;
  let current = await options.start(signal);
  const { name, logPath } = current;

  async function startAgain(): Promise<End> {
    try {
      current = await options.start(signal);
    } catch (error) {
      return { how: howFailed(error), ran_ms: 0 };
    }
    if (signal.aborted) await current.stop();
    else options.onRestart();
    return endOf(current);
  }

  async function untilLastEnd(): Promise<string> {
    let next = endOf(current);
    for (let restarts = 0; ; restarts += 1) {
      const { how, ran_ms } = await next;
      if (ran_ms >= options.calm_ms) restarts = 0;
      const last = options.lastEnds.includes(how) || restarts === options.restartsMax;
      if (last || signal.aborted) return how;
      const wait_ms = Math.min(options.wait_ms * 2 ** restarts, options.waitMax_ms);
      options.onEnd(how, wait_ms);
      await delay(wait_ms, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return how;
      next = startAgain();
    }
  }

  const ended = untilLastEnd().catch(String);
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

interface End {
  readonly how: string;
  readonly ran_ms: number;
}

async function endOf(child: Child): Promise<End> {
  const from_ms = performance.now();
  const how = await child.ended;
  return { how, ran_ms: performance.now() - from_ms };
}

/** As an end where it ended at its start; else the first line of what was thrown, without the log that follows. */
function howFailed(error: unknown): string {
  if (error instanceof ChildFailed && error.how !== null) return error.how;
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
