import type { ChunkId } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import type { DueDoorbell } from './sweep-due.ts';

/**
 * The doorbell of a chunk that can go on now, counted as rung; null where nothing waits for a ring. Take it after the commit of
 * what moved the chunk: the sweep rings in any case.
 */
export function takeRing(db: Database, chunkId: ChunkId): Promise<DueDoorbell | null> {
  return db.transaction('ring.take', (tx) => ringOf(tx, chunkId));
}

async function ringOf(tx: Transaction, chunkId: ChunkId): Promise<DueDoorbell | null> {
  const { rows } = await tx.query<{ state: string; account: string; ring_no: number }>(
    `UPDATE store.chunks c SET ring_no = c.ring_no + 1, rung_at = clock_timestamp() FROM store.jobs j
      WHERE c.id = $1 AND j.job_no = c.job_no AND (c.state = 'result_ready' OR (c.state = 'ready' AND j.state = 'running'))
  RETURNING c.state, c.account, c.ring_no`,
    [chunkId],
  );
  const [row] = rows;
  if (row) {
    const { account, ring_no: ring } = row;
    return row.state === 'ready'
      ? { stage: 'submit', chunkId, account, ring }
      : { stage: 'ingest', chunkId, ring };
  }
  const polling = await tx.query<{ account: string; ring: number }>(
    `UPDATE store.account_states s SET poll_ring_no = s.poll_ring_no + 1, poll_rung_at = clock_timestamp() FROM store.chunks c
      WHERE c.id = $1 AND c.state = 'polling' AND s.account = c.account
  RETURNING s.account, s.poll_ring_no AS ring`,
    [chunkId],
  );
  const [poll] = polling.rows;
  return poll ? { stage: 'poll', account: poll.account, ring: poll.ring } : null;
}
