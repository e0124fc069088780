import { expireLeases, sweepAlone } from '@rollcall/db';
import type { Counts, Equipment } from '../equipment.ts';

/**
 * Ends the claims of workers that went silent. An upload among them may have been paid for, so its chunk is held for a person;
 * an ingest is simply taken over.
 */
export async function expire(equipment: Equipment): Promise<Counts> {
  const expired = await sweepAlone(equipment.db, 'expire', expireLeases);
  if (expired === null) return { held: 0, ingests: 0 };
  for (const { chunkId, attemptId, account, jobId } of expired.held) {
    equipment.log.error('chunk.held', {
      job: jobId,
      chunk: chunkId,
      attempt: attemptId,
      account,
      reason: 'worker_died',
    });
  }
  const counts = { held: expired.held.length, ingests: expired.ingests };
  if (counts.held + counts.ingests > 0) equipment.log.warn('sweep.expired', { counts });
  return counts;
}
