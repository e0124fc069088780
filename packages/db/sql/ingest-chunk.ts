import {
  type ArtifactId,
  type AttemptId,
  type ChunkId,
  formatMoney,
  type Money,
  type OutcomeCounts,
  parseMoney,
  type Reconciliation,
  type ResultLocator,
  type ResultSemantics,
} from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';
import { addOutcomes, type Closing, closeChunks } from './close-job.ts';
import { copyField, copyText } from './copy-rows.ts';
import { releaseBehindCanary } from './settle-submit.ts';

export interface IngestClaim {
  readonly chunkId: ChunkId;
  readonly chunkNo: number;
  readonly jobNo: number;
  readonly jobId: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly account: string;
  readonly checkName: string;
  readonly attemptId: AttemptId;
  readonly fence: number;
  readonly numbers: number;
  readonly range: { readonly first: number; readonly last: number };
  readonly locator: ResultLocator | null;
  /** Archived before: it is parsed again without a download. */
  readonly artifact: {
    readonly id: ArtifactId;
    readonly parseStarts: number;
    readonly encoding: 'zstd' | 'gzip' | 'identity';
  } | null;
  readonly tries: number;
  readonly locatorRefreshes: number;
  readonly isCanary: boolean;
  readonly total: number | null;
  readonly filtered: number | null;
  readonly semanticsConfirmed: boolean;
  readonly now_ms: number;
}

/** Claims a chunk whose result is ready: fence + 1, lease. Null: not ready, not due, or another worker has it. */
export async function claimIngest(
  tx: Transaction,
  chunkId: string,
  lease_ms: number,
): Promise<IngestClaim | null> {
  const { rows } = await tx.query(
    `UPDATE store.chunks c SET state = 'ingesting', fence = c.fence + 1, due_at = clock_timestamp() + $2 * interval '1 millisecond'
       FROM store.jobs j, store.account_states s
      WHERE j.job_no = c.job_no AND s.account = c.account
        AND c.id = (SELECT id FROM store.chunks WHERE id = $1 AND state = 'result_ready' AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
  RETURNING c.id, c.chunk_no, c.job_no, j.id AS job_id, j.job_day, c.tenant_id, c.account, j.check_name, c.attempt_id, c.fence, c.numbers,
            c.first_number, c.last_number, c.locator, c.artifact_id, c.ingest_tries, c.locator_refreshes, c.is_canary, c.last_total, c.last_filtered,
            s.semantics_confirmed, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`,
    [chunkId, lease_ms],
  );
  const row = rows[0];
  if (!row) return null;
  const artifact =
    row.artifact_id === null
      ? null
      : (
          await tx.query(
            `SELECT f.id, f.parse_started, b.encoding FROM store.artifacts f JOIN store.blobs b ON b.id = f.id AND b.job_day = f.job_day WHERE f.id = $1`,
            [row.artifact_id],
          )
        ).rows[0];
  return {
    chunkId: row.id,
    chunkNo: row.chunk_no,
    jobNo: row.job_no,
    jobId: row.job_id,
    jobDay: row.job_day,
    tenantId: row.tenant_id,
    account: row.account,
    checkName: row.check_name,
    attemptId: row.attempt_id,
    fence: row.fence,
    numbers: row.numbers,
    range: { first: row.first_number, last: row.last_number },
    locator: row.locator,
    artifact: artifact
      ? { id: artifact.id, parseStarts: artifact.parse_started, encoding: artifact.encoding }
      : null,
    tries: row.ingest_tries,
    locatorRefreshes: row.locator_refreshes,
    isCanary: row.is_canary,
    total: row.last_total,
    filtered: row.last_filtered,
    semanticsConfirmed: row.semantics_confirmed,
    now_ms: row.now_ms,
  };
}

/**
 * Ties an archived download to its chunk. The artifact itself is kept even where the claim is gone; false says so.
 */
export async function recordArtifact(
  tx: Transaction,
  claim: IngestClaim,
  artifact: {
    readonly id: ArtifactId;
    readonly sha256: Uint8Array;
    readonly byteCount: number;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<boolean> {
  await tx.query(
    `INSERT INTO store.artifacts (id, chunk_id, attempt_id, tenant_id, job_day, sha256, byte_count, headers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      artifact.id,
      claim.chunkId,
      claim.attemptId,
      claim.tenantId,
      claim.jobDay,
      Buffer.from(artifact.sha256),
      artifact.byteCount,
      JSON.stringify(artifact.headers),
    ],
  );
  const tied = await tx.query(
    `UPDATE store.chunks SET artifact_id = $3 WHERE id = $1 AND fence = $2 AND state = 'ingesting'`,
    [claim.chunkId, claim.fence, artifact.id],
  );
  return tied.rowCount === 1;
}

/** Counts a start of parsing before it begins: an artifact that kills its parser shows as started and never finished. */
export async function countParseStart(db: Queryable, artifactId: string): Promise<number> {
  const { rows } = await db.query<{ parse_started: number }>(
    'UPDATE store.artifacts SET parse_started = parse_started + 1 WHERE id = $1 RETURNING parse_started',
    [artifactId],
  );
  return rows[0]?.parse_started ?? 1;
}

/** The parser has ended, well or not: its starts no longer count as deaths. */
export async function endParse(db: Queryable, artifactId: string): Promise<void> {
  await db.query('UPDATE store.artifacts SET parse_started = 0 WHERE id = $1', [artifactId]);
}

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
 * all. A chunk that is already closed is `stale`, so that ingesting again changes nothing.
 */
export async function publishResults(
  tx: Transaction,
  claim: IngestClaim,
  artifactId: ArtifactId,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
  withCanary: boolean,
): Promise<Published> {
  const cost = await tx.query<{ per_number: string }>(
    `SELECT trunc(COALESCE(sum(l.amount), 0) / $2, 9) AS per_number FROM store.ledger l JOIN store.attempts a ON a.id = l.attempt_id
      WHERE a.chunk_id = $1 AND l.entry = 'commit'`,
    [claim.chunkId, claim.numbers],
  );
  const costPerNumber: Money = parseMoney(cost.rows[0]?.per_number ?? '0') ?? (0n as Money);
  const done = await tx.query(
    `UPDATE store.chunks SET state = 'done', due_at = NULL, artifact_id = $3, cost_per_number = $4, closed_at = clock_timestamp()
      WHERE id = $1 AND fence = $2 AND state = 'ingesting'`,
    [claim.chunkId, claim.fence, artifactId, formatMoney(costPerNumber)],
  );
  if (done.rowCount !== 1) return { kind: 'stale' };
  await copyText(
    tx,
    'store.results (job_day, tenant_id, job_no, chunk_no, number, outcome, attributes)',
    resultLines(claim, numbers, reconciliation, semantics),
  );
  let quarantined = 0;
  const setAside = [...reconciliation.setAside()];
  if (setAside.length > 0) {
    quarantined = setAside.length;
    await tx.query(
      `INSERT INTO store.quarantined_rows (job_day, tenant_id, job_no, chunk_no, artifact_id, number, kind, verdicts)
       SELECT $1, $2, $3, $4, $5, number, kind, string_to_array(verdicts, ',')
         FROM unnest($6::bigint[], $7::text[], $8::text[]) AS r (number, kind, verdicts)
       ON CONFLICT DO NOTHING`,
      [
        claim.jobDay,
        claim.tenantId,
        claim.jobNo,
        claim.chunkNo,
        artifactId,
        setAside.map((row) => row.number),
        setAside.map((row) => row.kind),
        setAside.map((row) => row.verdicts.join(',')),
      ],
    );
  }
  await tx.query(
    "UPDATE store.artifacts SET verdict = 'read', verdict_code = NULL, verdict_detail = NULL WHERE id = $1",
    [artifactId],
  );
  const outcomes = reconciliation.outcomeCounts(semantics);
  await addOutcomes(tx, claim.jobNo, outcomes);
  const released = claim.isCanary && withCanary ? await releaseBehindCanary(tx, claim.jobNo) : 0;
  const closing = await closeChunks(tx, claim.jobNo, 1);
  return { kind: 'published', outcomes, quarantined, released, closing };
}

function* resultLines(
  claim: IngestClaim,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
): Generator<string> {
  const prefix = `${claim.jobDay}\t${claim.tenantId}\t${claim.jobNo}\t${claim.chunkNo}\t`;
  const batch = 4_096;
  for (let start = 0; start < numbers.length; start += batch) {
    let text = '';
    const end = Math.min(start + batch, numbers.length);
    for (let index = start; index < end; index += 1) {
      const attributes = reconciliation.attributesAt(index);
      // JSON has its own escape for NUL, which jsonb refuses.
      const json =
        attributes === null
          ? '\\N'
          : copyField(JSON.stringify(attributes).replaceAll('\\u0000', '\ufffd'));
      text += `${prefix}${numbers[index]}\t${reconciliation.outcomeAt(index, semantics)}\t${json}\n`;
    }
    yield text;
  }
}

export type IngestStep =
  | { readonly kind: 'retry'; readonly due_ms: number }
  | { readonly kind: 'refresh'; readonly due_ms: number; readonly deadline_ms: number }
  | {
      readonly kind: 'hold';
      readonly reason: 'poll' | 'artifact';
      readonly code: string;
      readonly verdict: 'unreadable' | 'mismatch' | 'unconfirmed' | null;
      readonly detail: string | null;
    };

/** Ends a claim without rows: again later, a fresh locator first, or held for a person. False: the claim was gone. */
export async function leaveIngest(
  tx: Transaction,
  claim: IngestClaim,
  artifactId: ArtifactId | null,
  step: IngestStep,
): Promise<boolean> {
  const where = "WHERE id = $1 AND fence = $2 AND state = 'ingesting'";
  const values = [claim.chunkId, claim.fence];
  switch (step.kind) {
    case 'retry':
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'result_ready', ingest_tries = ingest_tries + 1, due_at = to_timestamp($3::float8 / 1000), rung_at = NULL ${where}`,
            [...values, step.due_ms],
          )
        ).rowCount === 1
      );
    case 'refresh':
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'polling', locator = NULL, locator_refreshes = locator_refreshes + 1, rung_at = NULL,
                  due_at = to_timestamp($3::float8 / 1000), poll_deadline_at = greatest(poll_deadline_at, to_timestamp($4::float8 / 1000)) ${where}`,
            [...values, step.due_ms, step.deadline_ms],
          )
        ).rowCount === 1
      );
    case 'hold': {
      if (artifactId !== null && step.verdict !== null) {
        await tx.query(
          'UPDATE store.artifacts SET verdict = $2, verdict_code = $3, verdict_detail = $4 WHERE id = $1',
          [artifactId, step.verdict, step.code, step.detail],
        );
      }
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'held', reason = $3, held_detail = $4, due_at = NULL, artifact_id = COALESCE($5, artifact_id), fence = fence + 1 ${where}`,
            [...values, step.reason, step.code, artifactId],
          )
        ).rowCount === 1
      );
    }
  }
}
