import {
  type ArtifactId,
  type OutcomeCounts,
  type Reconciliation,
  type ResultSemantics,
} from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { together } from '../together.ts';
import { releaseBehindCanary } from './canary.ts';
import type { IngestClaim } from './claim-ingest.ts';
import { addOutcomes, type Closing, closeChunks } from './close-job.ts';
import { finishRelease, lockRelease } from './finish-release.ts';
import { lockJobRow } from './lock-job.ts';
import { copyResults, setRowsAside } from './result-rows.ts';

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
  const ending = tx.query<LeftOut>(
    `UPDATE store.chunks SET state = 'done', due_at = NULL, artifact_id = $3, closed_at = clock_timestamp(),
            cost_per_number = COALESCE((SELECT trunc(l.amount / a.numbers, 9) FROM store.ledger l JOIN store.attempts a ON a.id = l.attempt_id
                                         WHERE l.attempt_id = $4 AND l.entry = 'commit'), 0)
      WHERE id = $1 AND fence = $2 AND state = 'ingesting' RETURNING suppressed, erased`,
    [claim.chunkId, claim.fence, artifactId, claim.attemptId],
  );
  const [done, replayNo] = await together(ending, lockRelease(tx, claim.chunkId));
  const [leftOutNow] = done.rows;
  if (!leftOutNow) return { kind: 'stale' };
  const names = await copyResults(tx, 'store.results', claim, numbers, reconciliation, semantics);
  if (replayNo !== null) await finishRelease(tx, claim, semantics, replayNo);
  const [leftOut, quarantined] = await together(
    writeSuppressed(tx, claim, leftOutNow),
    setRowsAside(tx, claim, artifactId, reconciliation),
    tx.query(
      "UPDATE store.artifacts SET verdict = 'read', verdict_code = NULL, verdict_detail = NULL WHERE id = $1",
      [artifactId],
    ),
    keepNames(tx, claim, names),
  );
  const outcomes = { ...reconciliation.outcomeCounts(semantics), ...leftOut };
  // Not before: the rows of a large chunk take seconds, and its job is everybody's.
  const locked = together(lockJobRow(tx, claim.jobNo), addOutcomes(tx, claim.jobNo, outcomes));
  // Whatever the account's canary waits for: one that was adopted was never seen to be accepted.
  const [, released, closing] = await together(
    locked,
    claim.isCanary ? releaseBehindCanary(tx, claim.jobNo) : Promise.resolve(0),
    closeChunks(tx, claim.jobNo, 1),
  );
  return { kind: 'published', outcomes, quarantined, released, closing };
}

/** Those that its file has beside verdicts; none at first. */
async function keepNames(
  tx: Transaction,
  claim: IngestClaim,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  await tx.query('UPDATE store.chunks SET attribute_names = $2 WHERE id = $1', [
    claim.chunkId,
    names,
  ]);
}

/** Numbers of a chunk that were not sent, and that were erased. */
interface LeftOut {
  readonly suppressed: number;
  readonly erased: number;
}

/** The rows of those numbers of the chunk that were not sent, and how many were erased. */
async function writeSuppressed(
  tx: Transaction,
  claim: IngestClaim,
  { suppressed, erased }: LeftOut,
): Promise<OutcomeCounts> {
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
