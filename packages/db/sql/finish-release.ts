import type { ResultSemantics } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import type { IngestClaim } from './claim-ingest.ts';
import { endReplay } from './replay-difference.ts';

/** Locks the replay that let this chunk go; null where none did. */
export async function lockRelease(tx: Transaction, chunkId: string): Promise<number | null> {
  const { rows } = await tx.query<{ replay_no: number }>(
    `SELECT replay_no FROM store.replays WHERE chunk_id = $1 AND mode = 'release' AND state = 'waiting' FOR UPDATE`,
    [chunkId],
  );
  return rows[0]?.replay_no ?? null;
}

/**
 * Ends the replay that let this chunk go in the transaction that writes the chunk's rows: every row is one that was not
 * there before. A released chunk that is held again ends it by the trigger `fail_release`.
 */
export async function finishRelease(
  tx: Transaction,
  claim: IngestClaim,
  semantics: ResultSemantics,
  replayNo: number,
): Promise<void> {
  await tx.query(
    `INSERT INTO store.replayed_rows (job_day, tenant_id, replay_no, number, to_outcome, to_attributes)
     SELECT job_day, tenant_id, $1, number, outcome, attributes FROM store.results
      WHERE job_no = $2 AND job_day = $3 AND number BETWEEN $4 AND $5 ORDER BY number`,
    [replayNo, claim.jobNo, claim.jobDay, claim.range.first, claim.range.last],
  );
  await endReplay(tx, {
    replayNo,
    jobDay: claim.jobDay,
    rowsBefore: 0,
    rowsAfter: claim.numbers,
    semantics,
  });
}
