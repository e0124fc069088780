import { setTimeout as delay } from 'node:timers/promises';

/** Waits, or throws the signal's own reason when it comes first. */
export async function wait(duration_ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(duration_ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}
