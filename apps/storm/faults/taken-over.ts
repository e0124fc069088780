import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import { patient } from '../ground/patient.ts';

/** A claim of a chunk, and whose it is: the role of a worker. */
export interface Holder {
  readonly who: string;
  readonly chunk_id: string;
  readonly fence: number;
  readonly state: string;
}

/** Looks until something is there; null: not within the limit. */
export async function until<T>(
  limit_ms: number,
  look: () => Promise<T | null>,
  every_ms = 20,
): Promise<T | null> {
  const giveUpAt = performance.now() + limit_ms;
  while (performance.now() < giveUpAt) {
    const found = await patient(look);
    if (found !== null) return found;
    await delay(every_ms);
  }
  return null;
}

/** Who has claimed what the holder had; of an upload, who gave it up as unknown, since nobody sends it again. */
export async function takenOver(
  db: Database,
  { who, chunk_id, fence, state }: Holder,
): Promise<{ readonly who: string } | null> {
  const { rows } = await db.query<{ who: string }>(
    `SELECT who FROM storm.journal WHERE chunk_id = $1 AND subject = 'chunk' AND to_fence > $2 AND who <> $3
        AND to_state = CASE WHEN $4 = 'submitting' THEN 'held' ELSE $4 END LIMIT 1`,
    [chunk_id, fence, who, state],
  );
  return rows[0] ?? null;
}
