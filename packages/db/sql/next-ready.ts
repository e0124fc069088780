import type { ChunkId } from '@rollcall/domain';
import type { Database } from '../database.ts';

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
        WHERE id IN (SELECT id FROM store.chunks WHERE id IN (
                SELECT c.id
                  FROM (SELECT job_no, tenant_id, priority, remaining FROM store.jobs_in_line WHERE account = $1
                         ORDER BY tenant_id, priority DESC, remaining, job_no LIMIT 50) l
                  JOIN store.jobs j ON j.job_no = l.job_no AND j.state = 'running'
                 CROSS JOIN LATERAL (
                   SELECT r.id FROM store.chunks r WHERE r.job_no = l.job_no AND r.state = 'ready' AND r.due_at <= clock_timestamp()
                    ORDER BY r.due_at, r.chunk_no LIMIT $2) c
                 ORDER BY l.tenant_id, l.priority DESC, l.remaining, l.job_no LIMIT $2) FOR UPDATE SKIP LOCKED)
    RETURNING id, ring_no`,
      [account, limit],
    ),
  );
  return rows.map((row) => ({ chunkId: row.id, ring: row.ring_no }));
}
