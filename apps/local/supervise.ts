import { keepChild } from './keep-child.ts';
import { type Child, previousLogOf } from './start-child.ts';

/** Starts a child and sees to it that it runs; it ends with any of `lastEnds`, or where nothing more can be done. Throws as its first start does. */
export type Supervise = (
  start: (stopped: AbortSignal) => Promise<Child>,
  lastEnds: readonly string[],
) => Promise<Child>;

/** How a program ends that was told to, or whose configuration only a person can mend. */
export const orderlyEnds = ['code 0', 'code 78'];

/** Again after 1, 2, 4, 8, 16 s and then every 30 s, for about three minutes in a row; who ran for ten minutes begins anew. */
const again = { wait_ms: 1_000, waitMax_ms: 30_000, restartsMax: 10, calm_ms: 600_000 };

/** Whoever ends is started again, and `say` is told, in a line for a person. */
export function startingAgain(say: (line: string) => void): Supervise {
  return async (start, lastEnds) => {
    const child = await keepChild({
      ...again,
      start,
      lastEnds,
      onEnd(how, wait_ms) {
        say(
          `The ${child.name} ended by itself (${how}); again in ${wait_ms / 1_000} s. Its log is kept: ${previousLogOf(child.logPath)}`,
        );
      },
      onRestart: () => say(`The ${child.name} is up again.`),
    });
    return child;
  };
}

/** Whoever ends has ended: for a demonstration, which has to show it. */
export const startingOnce: Supervise = (start) => start(new AbortController().signal);
