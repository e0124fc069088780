import type { ChunkId } from '@rollcall/domain';
import type { Database } from '../database.ts';

/** Of those in front some are being claimed or rung for right now: with none to spare, a slot that was free stayed free until the next sweep. */
const spare = 32;

/**
 * Counts a ring for chunks of the account that are ready, at most so many. Whoever answers takes what is in turn then (`nextInTurn`), so it
 * does not matter which: a tenant's most urgent first. Whom the first 50 jobs of the line keep from being rung for, the sweep does.
 */
export async function nextReady(
  db: Database,
  account: string,
  limit: number,
): Promise<readonly { chunkId: ChunkId; ring: number }[]> {
  const { rows } = await db.ofInstallation.transaction('ring.next_ready', (tx) =>
    tx.query<{ id: ChunkId; ring_no: number }>(
      `UPDATE store.chunks SET ring_no = ring_no + 1, rung_at = clock_timestamp()
        WHERE id IN (
          SELECT k.id
            FROM (SELECT c.id, row_number() OVER (ORDER BY l.tenant_id, l.priority DESC, l.remaining, l.job_no, c.due_at, c.chunk_no) AS place
                    FROM (SELECT job_no, tenant_id, priority, remaining FROM store.jobs_in_line WHERE account = $1
                           ORDER BY tenant_id, priority DESC, remaining, job_no LIMIT 50) l
                    JOIN store.jobs j ON j.job_no = l.job_no AND j.state = 'running'
                   CROSS JOIN LATERAL (
                     SELECT r.id, r.due_at, r.chunk_no FROM store.chunks r WHERE r.job_no = l.job_no AND r.state = 'ready' AND r.due_at <= clock_timestamp()
                      ORDER BY r.due_at, r.chunk_no LIMIT $2 + ${spare}) c
                   ORDER BY place LIMIT $2 + ${spare}) n
            JOIN store.chunks k ON k.id = n.id AND k.state = 'ready'
           ORDER BY n.place LIMIT $2 FOR UPDATE OF k SKIP LOCKED)
    RETURNING id, ring_no`,
      [account, limit],
    ),
  );
  return rows.map((row) => ({ chunkId: row.id, ring: row.ring_no }));
}
