import type { Database } from '../database.ts';

/** Extends a lease; false: the claim is gone, and with it the right to change any state. */
export async function extendLease(
  db: Database,
  chunkId: string,
  fence: number,
  lease_ms: number,
): Promise<boolean> {
  const extended = await db.transaction('lease.extend', (tx) =>
    tx.query(
      `UPDATE store.chunks SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
        WHERE id = $1 AND fence = $2 AND state IN ('submitting', 'ingesting')`,
      [chunkId, fence, lease_ms],
    ),
  );
  return extended.rowCount === 1;
}
