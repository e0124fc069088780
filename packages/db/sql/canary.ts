import type { Transaction } from '../database.ts';
import { lockJobRow } from './lock-job.ts';

/** The first chunk of a job was rejected: what waited behind it stays blocked, for a person to look at, and is not failed. */
export async function stopBehindCanary(
  tx: Transaction,
  chunkId: string,
  jobNo: number,
): Promise<void> {
  await lockJobRow(tx, jobNo);
  await tx.query(
    `UPDATE store.chunks w SET reason = 'canary_rejected'
       FROM store.chunks c WHERE c.id = $1 AND c.is_canary AND w.job_no = c.job_no AND w.state = 'blocked' AND w.reason = 'canary'`,
    [chunkId],
  );
}

/** The first chunk of a job did well: the rest follows. Returns how many became ready. */
export async function releaseBehindCanary(
  tx: Transaction,
  jobNo: number,
  reasons: readonly string[] = ['canary'],
): Promise<number> {
  await lockJobRow(tx, jobNo);
  const ready = await tx.query(
    `UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = clock_timestamp(), rung_at = NULL
      WHERE job_no = $1 AND state = 'blocked' AND reason = ANY($2)`,
    [jobNo, reasons],
  );
  return ready.rowCount ?? 0;
}
