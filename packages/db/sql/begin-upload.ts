import type { AttemptId } from '@rollcall/domain';
import type { Database } from '../database.ts';
import type { HeldNumbers } from '../suppression-check.ts';
import { together } from '../together.ts';
import { passSuppressions } from './leave-out.ts';

export type UploadBegun =
  | 'begun'
  /** The claim is gone, and with it the right to send. */
  | 'claim_lost'
  /** Numbers were taken out of the chunk since it was claimed, or have to be: one was put on the suppression list, or erased. */
  | 'list_changed';

export interface UploadToBegin {
  readonly chunkId: string;
  readonly attemptId: AttemptId;
  readonly fence: number;
  readonly lease_ms: number;
  readonly sha256: Uint8Array;
  /** What is about to be sent. */
  readonly numbers: HeldNumbers;
}

/**
 * The last look before the first byte: extends the lease, keeps the SHA-256 of what is about to be sent, and makes sure that none of it was put
 * on the suppression list meanwhile. Where others were, it goes on: that takes no second claim, or a list that changes all the time would let
 * nothing large go.
 */
export async function beginUpload(db: Database, upload: UploadToBegin): Promise<UploadBegun> {
  const begun = await lookAndBegin(db, upload, false);
  if (typeof begun === 'string') return begun;
  // Digests the numbers, before a transaction would wait for that.
  const found = await upload.numbers.since(db, begun.checked);
  if (found.suppressed.length > 0) return 'list_changed';
  const again = await lookAndBegin(db, upload, true);
  if (typeof again !== 'string') throw new Error('an upload was held to its list and was not');
  return again;
}

function lookAndBegin(
  db: Database,
  upload: UploadToBegin,
  isDigested: boolean,
): Promise<UploadBegun | { readonly checked: number }> {
  return db.transaction('lease.extend', async (tx) => {
    const [attempt, { rows }, list] = await together(
      // The attempt before its chunk, in the order of locks.
      tx.query<{ numbers: number }>(
        "SELECT numbers FROM store.attempts WHERE id = $1 AND outcome = 'intent' FOR NO KEY UPDATE",
        [upload.attemptId],
      ),
      tx.query<{ numbers: number; checked: number }>(
        `UPDATE store.chunks c SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
          WHERE id = $1 AND fence = $2 AND state = 'submitting'
      RETURNING c.numbers - c.suppressed - c.erased AS numbers, c.suppression_checked AS checked`,
        [upload.chunkId, upload.fence, upload.lease_ms],
      ),
      // In a statement of its own: the one above does not see what was committed while it waited for the chunk.
      tx.query<{ version: number }>(
        'SELECT version FROM store.suppression_lists WHERE tenant_id = (SELECT tenant_id FROM store.chunks WHERE id = $1)',
        [upload.chunkId],
      ),
    );
    const row = rows[0];
    const claimed = attempt.rows[0];
    if (!row || !claimed) return 'claim_lost';
    if (row.numbers !== claimed.numbers) return 'list_changed';
    if (row.checked !== (list.rows[0]?.version ?? 0)) {
      if (!isDigested) return { checked: row.checked };
      const found = await upload.numbers.since(tx, row.checked);
      if (found.suppressed.length > 0) return 'list_changed';
      await passSuppressions(tx, upload.chunkId, found.version);
    }
    await tx.query('UPDATE store.attempts SET sent_sha256 = $2 WHERE id = $1', [
      upload.attemptId,
      Buffer.from(upload.sha256),
    ]);
    return 'begun';
  });
}
