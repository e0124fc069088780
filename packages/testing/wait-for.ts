import { setTimeout as delay } from 'node:timers/promises';

export type WaitOptions = {
  /** 20,000 when absent: longer than anything takes on a machine that does other things too. */
  timeoutMs?: number;
  /** Pause between two looks, 20 when absent. */
  everyMs?: number;
  /** What is awaited, as the end of "Waited 20000 ms for …". */
  describe: string;
};

/**
 * Looks until `condition` gives something truthy, and returns that. Throws when it never does; an error thrown by
 * `condition` itself ends the wait at once, since "could not look" is not "is not there yet".
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 20, describe }: WaitOptions,
): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= giveUpAt) throw new Error(`Waited ${timeoutMs} ms for ${describe}.`);
    await delay(everyMs);
  }
}
