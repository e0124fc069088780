import { resultInTurn } from '@rollcall/db';
import type { Counts, Equipment } from './equipment.ts';
import { ingestChunk } from './stages/ingest.ts';
import { replayChunk } from './stages/replay.ts';

/** One result in so many is the one that waits longest: small ones without end do not keep a large one for good. */
const byWaitingEach = 4;

/**
 * Answers doorbells of results: reads the one whose turn it is, which is not always the chunk that rang. Both kinds are rung by the same
 * doorbell: a chunk has a result to be read, or one that was read is to be read again.
 */
export function ingestInTurn(
  equipment: Equipment,
): (chunkId: string, signal: AbortSignal) => Promise<Counts> {
  let answered = 0;
  return async (chunkId, signal) => {
    answered += 1;
    const order = answered % byWaitingEach === 0 ? 'by_waiting' : 'by_size';
    const counts = await ingestChunk(equipment, chunkId, signal, (tx) =>
      resultInTurn(tx, chunkId, order),
    );
    return counts['gone'] === 1 ? replayChunk(equipment, chunkId) : counts;
  };
}
