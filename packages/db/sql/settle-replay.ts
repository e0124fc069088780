import type { OutcomeCounts, Reconciliation, ResultSemantics } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import type { ReplayClaim } from './claim-replay.ts';
import { addOutcomes } from './close-job.ts';
import { endReplay, type ReplayDifference } from './replay-difference.ts';
import { copyResults, setRowsAside } from './result-rows.ts';

export type SettledReplay =
  | ({ readonly kind: 'done' } & ReplayDifference)
  /** The chunk is no longer what it was when it was asked: nothing was compared. */
  | { readonly kind: 'chunk_changed' }
  | { readonly kind: 'stale' };

/**
 * Compares the rows that a file gives now with those of its chunk, keeps the difference, and in the mode `correct` replaces the rows that
 * differ: all in one transaction, so that a reader sees the chunk as it was or as it is. Of one row deleted one is written, so both
 * sums of `rollcall.audit` hold as they did. Rows are compared in Postgres: a difference may be 1,000,000 rows long.
 */
export async function settleReplay(
  tx: Transaction,
  claim: ReplayClaim,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
): Promise<SettledReplay> {
  const mine = await tx.query(
    `SELECT FROM store.replays WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE`,
    [claim.replayId, claim.fence],
  );
  if (mine.rowCount !== 1) return { kind: 'stale' };
  const fitting = claim.mode === 'correct' ? ['done'] : ['done', 'held', 'failed'];
  const chunk = await tx.query<{ is_whole: boolean }>(
    `SELECT numbers - suppressed - erased = $4 AS is_whole FROM store.chunks WHERE id = $1 AND artifact_id = $2 AND state = ANY($3) FOR UPDATE`,
    [claim.chunkId, claim.artifactId, fitting, claim.numbers],
  );
  const row = chunk.rows[0];
  if (!row) return { kind: 'chunk_changed' };
  // A number of it was erased after it was read: once more, when the lease is over.
  if (!row.is_whole) return { kind: 'stale' };

  await tx.query('CREATE TEMP TABLE replayed (LIKE store.results) ON COMMIT DROP');
  const names = await copyResults(tx, 'replayed', claim, numbers, reconciliation, semantics);
  await tx.query('ANALYZE replayed');
  const ofChunk = [claim.jobNo, claim.jobDay, claim.range.first, claim.range.last];
  const before = await tx.query<{ rows: number }>(
    "SELECT count(*) AS rows FROM store.results WHERE job_no = $1 AND job_day = $2 AND number BETWEEN $3 AND $4 AND outcome <> 'suppressed'",
    ofChunk,
  );
  await tx.query(
    `INSERT INTO store.replayed_rows (job_day, tenant_id, replay_no, number, from_outcome, to_outcome, from_attributes, to_attributes)
     SELECT n.job_day, n.tenant_id, $5, n.number, r.outcome, n.outcome, r.attributes, n.attributes
       FROM replayed n
       LEFT JOIN store.results r ON r.job_no = $1 AND r.job_day = $2 AND r.number BETWEEN $3 AND $4 AND r.number = n.number
      WHERE r.outcome IS DISTINCT FROM n.outcome OR r.attributes IS DISTINCT FROM n.attributes
      ORDER BY n.number`,
    [...ofChunk, claim.replayNo],
  );
  const difference = await endReplay(tx, {
    replayNo: claim.replayNo,
    jobDay: claim.jobDay,
    rowsBefore: before.rows[0]?.rows ?? 0,
    rowsAfter: claim.numbers,
    semantics,
  });
  if (claim.mode === 'correct') await correct(tx, claim, difference, names, reconciliation);
  return { kind: 'done', ...difference };
}

async function correct(
  tx: Transaction,
  claim: ReplayClaim,
  difference: ReplayDifference,
  attributeNames: readonly string[],
  reconciliation: Reconciliation,
): Promise<void> {
  const changed = difference.rowsAfter - difference.unchanged;
  const place = [claim.jobNo, claim.jobDay, claim.replayNo];
  const deleted = await tx.query(
    `DELETE FROM store.results r USING store.replayed_rows d
      WHERE r.job_no = $1 AND r.job_day = $2 AND d.replay_no = $3 AND d.job_day = $2 AND r.number = d.number`,
    place,
  );
  const written = await tx.query(
    `INSERT INTO store.results SELECT n.* FROM replayed n JOIN store.replayed_rows d ON d.number = n.number
      WHERE n.job_no = $1 AND n.job_day = $2 AND d.replay_no = $3 AND d.job_day = $2 ORDER BY n.number`,
    place,
  );
  // What the chunk's rows are is known exactly: anything else is a bug, and is rolled back.
  if (
    difference.rowsBefore !== claim.numbers ||
    deleted.rowCount !== changed ||
    written.rowCount !== changed
  ) {
    throw new Error(
      `replay ${claim.replayId} found ${difference.rowsBefore} of ${claim.numbers} rows, deleted ${deleted.rowCount} and wrote ${written.rowCount} of ${changed}`,
    );
  }
  await moveOutcomes(tx, claim.jobNo, difference);
  await tx.query('DELETE FROM store.quarantined_rows WHERE artifact_id = $1 AND job_day = $2', [
    claim.artifactId,
    claim.jobDay,
  ]);
  await setRowsAside(tx, claim, claim.artifactId, reconciliation);
  if (changed === 0) return;
  await tx.query(
    'UPDATE store.chunks SET attribute_names = $2, replayed_at = clock_timestamp() WHERE id = $1',
    [claim.chunkId, attributeNames],
  );
}

/** Books in the job's counts what changed, outcome by outcome; the sum stays. */
async function moveOutcomes(
  tx: Transaction,
  jobNo: number,
  { outcomesChanged }: ReplayDifference,
): Promise<void> {
  const moved = new Map<string, number>();
  for (const { from, to, numbers } of outcomesChanged) {
    if (from !== null) moved.set(from, (moved.get(from) ?? 0) - numbers);
    moved.set(to, (moved.get(to) ?? 0) + numbers);
  }
  // In this order, as whoever closes a chunk takes them.
  const entries = [...moved].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [outcome, numbers] of entries) {
    if (numbers < 0) {
      await tx.query(
        'UPDATE store.job_outcomes SET numbers = numbers + $3 WHERE job_no = $1 AND outcome = $2',
        [jobNo, outcome, numbers],
      );
    } else {
      await addOutcomes(tx, jobNo, { [outcome]: numbers } satisfies OutcomeCounts);
    }
  }
}
