import { extendLease } from '@rollcall/db';
import type { Equipment } from './equipment.ts';

/**
 * Extends a claim's lease (a chunk's, unless `extend` says otherwise) while `work` runs. A lease that could not be extended does not
 * stop the work: an upload cannot be called back, and its answer is kept whatever became of the claim. It is told once, by the second
 * beat in a row that found it gone: the first may have waited for the very write that ended the claim, and then nothing is wrong.
 */
export async function whileLeased<T>(
  { db, log, times }: Pick<Equipment, 'db' | 'log' | 'times'>,
  claim: { readonly chunkId: string; readonly fence: number },
  work: () => Promise<T>,
  extend: () => Promise<boolean> = () =>
    extendLease(db, claim.chunkId, claim.fence, times.lease_ms),
): Promise<T> {
  let beatsWithoutClaim = 0;
  const beat = setInterval(() => {
    extend().then(
      (held) => {
        beatsWithoutClaim = held ? 0 : beatsWithoutClaim + 1;
        if (beatsWithoutClaim === 2)
          log.warn('chunk.stale', { chunk: claim.chunkId, fence: claim.fence });
      },
      () => log.warn('database.error', { chunk: claim.chunkId }),
    );
  }, times.heartbeat_ms);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
