import {
  type ArtifactId,
  formatMoney,
  type OutcomeCounts,
  type Reconciliation,
  type ResultSemantics,
} from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { releaseBehindCanary } from './canary.ts';
import type { IngestClaim } from './claim-ingest.ts';
import { addOutcomes, type Closing, closeChunks } from './close-job.ts';
import { finishRelease } from './finish-release.ts';
import { lockJobRow } from './lock-job.ts';
import { copyResults, setRowsAside } from './result-rows.ts';
import { storedMoney } from './storable.ts';

export type Published =
  | {
      readonly kind: 'published';
      readonly outcomes: OutcomeCounts;
      readonly quarantined: number;
      readonly released: number;
      readonly closing: Closing;
    }
  | { readonly kind: 'stale' };

/**
 * Writes one row per number of the chunk, sorted, and closes the chunk, in one transaction: the rows are there whole or not at
 * all. A chunk that is already closed is `stale`, so that ingesting again changes nothing. A row costs its share of the upload that
 * answered it: what was written off to pay again is told apart.
 */
export async function publishResults(
  tx: Transaction,
  claim: IngestClaim,
  artifactId: ArtifactId,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
): Promise<Published> {
  const cost = await tx.query<{ per_number: string }>(
    `SELECT trunc(l.amount / a.numbers, 9) AS per_number FROM store.ledger l JOIN store.attempts a ON a.id = l.attempt_id
      WHERE l.attempt_id = $1 AND l.entry = 'commit'`,
    [claim.attemptId],
  );
  const costPerNumber = storedMoney(cost.rows[0]?.per_number ?? '0');
  const done = await tx.query(
    `UPDATE store.chunks SET state = 'done', due_at = NULL, artifact_id = $3, cost_per_number = $4, closed_at = clock_timestamp()
      WHERE id = $1 AND fence = $2 AND state = 'ingesting'`,
    [claim.chunkId, claim.fence, artifactId, formatMoney(costPerNumber)],
  );
  if (done.rowCount !== 1) return { kind: 'stale' };
  const names = await copyResults(tx, 'store.results', claim, numbers, reconciliation, semantics);
  await tx.query('UPDATE store.chunks SET attribute_names = $2 WHERE id = $1', [
    claim.chunkId,
    names,
  ]);
  await finishRelease(tx, claim, semantics);
  const leftOut = await writeSuppressed(tx, claim);
  const quarantined = await setRowsAside(tx, claim, artifactId, reconciliation);
  await tx.query(
    "UPDATE store.artifacts SET verdict = 'read', verdict_code = NULL, verdict_detail = NULL WHERE id = $1",
    [artifactId],
  );
  const outcomes = { ...reconciliation.outcomeCounts(semantics), ...leftOut };
  // Not before: the rows of a large chunk take seconds, and its job is everybody's.
  await lockJobRow(tx, claim.jobNo);
  await addOutcomes(tx, claim.jobNo, outcomes);
  // Whatever the account's canary waits for: one that was adopted was never seen to be accepted.
  const released = claim.isCanary ? await releaseBehindCanary(tx, claim.jobNo) : 0;
  const closing = await closeChunks(tx, claim.jobNo, 1);
  return { kind: 'published', outcomes, quarantined, released, closing };
}

/** The rows of those numbers of the chunk that were not sent, and how many were erased. */
async function writeSuppressed(tx: Transaction, claim: IngestClaim): Promise<OutcomeCounts> {
  const { rows } = await tx.query<{ suppressed: number; erased: number }>(
    'SELECT suppressed, erased FROM store.chunks WHERE id = $1',
    [claim.chunkId],
  );
  const { suppressed = 0, erased = 0 } = rows[0] ?? {};
  if (suppressed === 0) return erased === 0 ? {} : { erased };
  const written = await tx.query(
    `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
     SELECT job_day, tenant_id, number, job_no, $5, 'suppressed' FROM store.suppressed_numbers
      WHERE job_no = $1 AND job_day = $2 AND number BETWEEN $3 AND $4 ORDER BY number`,
    [claim.jobNo, claim.jobDay, claim.range.first, claim.range.last, claim.chunkNo],
  );
  if (written.rowCount !== suppressed) {
    throw new Error(
      `chunk ${claim.chunkId} has ${suppressed} suppressed numbers, and ${written.rowCount} were found`,
    );
  }
  return erased === 0 ? { suppressed } : { suppressed, erased };
}
