import { setTimeout as delay } from 'node:timers/promises';
import { resultInTurn, smallResult } from '@rollcall/db';
import { smallFile_numbers } from '@rollcall/results';
import type { Counts, Equipment } from './equipment.ts';
import { ingestChunk } from './stages/ingest.ts';
import { replayChunk } from './stages/replay.ts';

/**
 * Results that a process reads at once, and beside them one that is small: with large files in all of them a job of 1,000 numbers waited 2 to 3.6 s of
 * its 6 for one to be through, and 0.1 to 0.2 s where one was free.
 */
const lanes = { any: 3, small: 1 } as const;
/** Doorbells of results that a process answers at once. */
export const ingestLanes = lanes.any + lanes.small;
/** How often that lane looks for a small result, and how long, before it takes a large one after all: providers may drip files into the others. */
const look_ms = 100;
const patience_ms = 30_000;
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
  let busy = 0;

  /** While all lanes but the kept one are busy: reads a small result as soon as there is one. Null: a lane is free. */
  async function inKeptLane(signal: AbortSignal): Promise<Counts | null> {
    const since_ms = performance.now();
    while (busy >= lanes.any && performance.now() - since_ms < patience_ms) {
      if (equipment.stopping.aborted) return { waiting: 1 };
      const small = await smallResult(equipment.db, smallFile_numbers);
      const counts = small === null ? null : await ingestChunk(equipment, small, signal);
      // This doorbell was another's, whose own is answered for that one.
      if (counts !== null && counts['gone'] !== 1) return counts;
      await delay(look_ms, undefined, { signal: equipment.stopping }).catch(() => undefined);
    }
    return null;
  }

  return async (chunkId, signal) => {
    const kept = await inKeptLane(signal);
    if (kept !== null) return kept;
    busy += 1;
    try {
      answered += 1;
      const order = answered % byWaitingEach === 0 ? 'by_waiting' : 'by_size';
      const counts = await ingestChunk(equipment, chunkId, signal, (tx) =>
        resultInTurn(tx, chunkId, order),
      );
      return counts['gone'] === 1 ? await replayChunk(equipment, chunkId) : counts;
    } finally {
      busy -= 1;
    }
  };
}
