import { setImmediate as nextTurn } from 'node:timers/promises';

const workMsMax = 10;

/**
 * Lets other work of the process run between the steps of a long one. Input that is already here comes by promises
 * alone, and promises never let the event loop turn: 1 MB of slow lines held it for 4 s.
 */
export class EventLoopPause {
  #since_ms = performance.now();

  /** Waits for the event loop's next turn once 10 ms have gone into steps since the last one. */
  async whenDue(): Promise<void> {
    if (performance.now() - this.#since_ms < workMsMax) return;
    await nextTurn();
    this.#since_ms = performance.now();
  }
}
