import type { Queryable, Transaction } from '../database.ts';

/**
 * Which chunk a doorbell is answered with by whoever reads results: of those that are ready the smallest, so that a small job does not wait for the
 * files of a large one, or the one that waits longest, so that each is read in the end. The one that rang where a replay of it waits, and where
 * nothing is ready. It is locked: the next to ask takes another.
 */
export async function resultInTurn(
  tx: Transaction,
  named: string,
  order: 'by_size' | 'by_waiting',
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT c.id FROM store.chunks c
      WHERE c.state = 'result_ready' AND c.due_at <= clock_timestamp()
        AND NOT EXISTS (SELECT FROM store.replays p WHERE p.chunk_id = $1 AND p.due_at <= clock_timestamp())
      ORDER BY ${order === 'by_size' ? 'c.numbers, c.due_at' : 'c.due_at'} LIMIT 1 FOR UPDATE OF c SKIP LOCKED`,
    [named],
  );
  return rows[0]?.id ?? named;
}

/** The smallest result that is ready, where it has at most so many numbers. */
export async function smallResult(db: Queryable, numbersMax: number): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM store.chunks WHERE state = 'result_ready' AND due_at <= clock_timestamp() AND numbers <= $1
      ORDER BY numbers, due_at LIMIT 1`,
    [numbersMax],
  );
  return rows[0]?.id ?? null;
}
