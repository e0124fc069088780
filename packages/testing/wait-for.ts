import { setTimeout as delay } from 'node:timers/promises';

export type WaitOptions = {
  /** 5,000 when absent. */
  timeoutMs?: number;
  /** Pause between two looks, 20 when absent. */
  everyMs?: number;
  /** What is awaited, as the end of "Waited 5000 ms for …". */
  describe: string;
};

/**
 * Looks until `condition` gives something truthy, and returns that. Throws when it never does; an error thrown by
 * `condition` itself ends the wait at once, since "could not look" is not "is not there yet".
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 5_000, everyMs = 20, describe }: WaitOptions,
): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= giveUpAt) throw new Error(`Waited ${timeoutMs} ms for ${describe}.`);
    await delay(everyMs);
  }
}
