import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from '@rollcall/db';

const giveUpAfter_ms = 60_000;

/**
 * The storm's own look at a database that it kills itself: asked again until it answers. An error that Postgres gives for the statement
 * itself is thrown at once, as a bug of ours.
 */
export async function patient<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + giveUpAfter_ms;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const state = sqlStateOf(error);
      const ofTheStatement = state !== null && /^(?:22|23|42|P0)/.test(state);
      if (ofTheStatement || error instanceof TypeError || performance.now() > giveUpAt) throw error;
      await delay(100);
    }
  }
}
