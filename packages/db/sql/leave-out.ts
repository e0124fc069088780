import type { Transaction } from '../database.ts';
import type { LoadedSubmit } from './claim-submit.ts';
import { type Closing, closeChunks, writeSameOutcome } from './close-job.ts';
import { lockJobRow } from './lock-job.ts';
import type { SuppressionFound } from '../suppression-check.ts';
import { suppressNumbers } from './suppress-numbers.ts';

/** What is left of a chunk before its upload, where the suppression list or an erasure took numbers out of it. */

/**
 * Marks numbers of a chunk that is not sent as suppressed, and that it was held to this version of the list. False: the chunk moved
 * meanwhile, and whoever has it looks for itself.
 */
export async function leaveOutSuppressed(
  tx: Transaction,
  chunk: Pick<LoadedSubmit, 'chunkId' | 'fence' | 'tenantId' | 'jobNo' | 'jobDay'>,
  found: SuppressionFound,
): Promise<boolean> {
  const mine = await tx.query(
    `SELECT FROM store.chunks WHERE id = $1 AND fence = $2 AND state IN ('ready', 'blocked') FOR NO KEY UPDATE`,
    [chunk.chunkId, chunk.fence],
  );
  if (mine.rowCount !== 1) return false;
  const marked = await suppressNumbers(tx, chunk, found.suppressed);
  await tx.query(
    'UPDATE store.chunks SET suppressed = suppressed + $2, suppression_checked = $3 WHERE id = $1',
    [chunk.chunkId, marked, found.version],
  );
  await found.renew(tx);
  return true;
}

/** Notes that a chunk whose lock `tx` has was held to this version of the list, and has nothing of what came since the one before. */
export async function passSuppressions(
  tx: Transaction,
  chunkId: string,
  version: number,
): Promise<void> {
  await tx.query('UPDATE store.chunks SET suppression_checked = $2 WHERE id = $1', [
    chunkId,
    version,
  ]);
}

/** Looks at a chunk that is not sent again in a while. */
export async function lookLater(
  tx: Transaction,
  chunk: Pick<LoadedSubmit, 'chunkId' | 'fence'>,
  wait_ms: number,
): Promise<void> {
  await tx.query(
    `UPDATE store.chunks SET due_at = clock_timestamp() + $3 * interval '1 millisecond', rung_at = NULL
      WHERE id = $1 AND fence = $2 AND state IN ('ready', 'blocked')`,
    [chunk.chunkId, chunk.fence, wait_ms],
  );
}

/**
 * Ends a chunk of which nothing is left to send; its numbers are suppressed or erased, and none of them is cancelled. What waited behind it as
 * behind a canary is cut anew with another one: this one proved nothing.
 */
export async function closeUnsendable(
  tx: Transaction,
  chunk: Pick<LoadedSubmit, 'chunkId' | 'fence' | 'jobNo'>,
): Promise<Closing> {
  const { rows } = await tx.query<{ is_canary: boolean }>(
    `UPDATE store.chunks SET state = 'cancelled', reason = NULL, due_at = NULL, closed_at = clock_timestamp()
      WHERE id = $1 AND fence = $2 AND state IN ('ready', 'blocked') RETURNING is_canary`,
    [chunk.chunkId, chunk.fence],
  );
  const ended = rows[0];
  if (!ended) throw new Error(`chunk ${chunk.chunkId} moved under its own lock`);
  await writeSameOutcome(tx, chunk.jobNo, [chunk.chunkId], 'cancelled');
  if (ended.is_canary) await askForCanary(tx, chunk.jobNo);
  return closeChunks(tx, chunk.jobNo, 1);
}

/** Has the job's unsent chunks cut anew, since this one has become smaller than its account takes. */
export async function askForReplan(
  tx: Transaction,
  chunk: Pick<LoadedSubmit, 'chunkId' | 'fence' | 'jobNo'>,
): Promise<void> {
  await tx.query(
    `UPDATE store.chunks SET state = 'blocked', reason = 'replan', due_at = NULL, rung_at = NULL
      WHERE id = $1 AND fence = $2 AND state IN ('ready', 'blocked')`,
    [chunk.chunkId, chunk.fence],
  );
  await lookAtJob(tx, chunk.jobNo);
}

/** Has what waits behind a canary cut anew, with a canary, since nothing of the job was accepted. */
async function askForCanary(tx: Transaction, jobNo: number): Promise<void> {
  await lockJobRow(tx, jobNo);
  const asked = await tx.query(
    `UPDATE store.chunks SET reason = 'replan'
      WHERE id = (SELECT id FROM store.chunks WHERE job_no = $1 AND state = 'blocked' AND reason = 'canary' ORDER BY chunk_no LIMIT 1)`,
    [jobNo],
  );
  if (asked.rowCount !== 0) await lookAtJob(tx, jobNo);
}

async function lookAtJob(tx: Transaction, jobNo: number): Promise<void> {
  await tx.query(
    'UPDATE store.jobs SET due_at = clock_timestamp(), rung_at = NULL WHERE job_no = $1',
    [jobNo],
  );
}
