import type { ArtifactId, AttemptId, ChunkId, ResultLocator } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { together } from '../together.ts';
import { storableJson } from './storable.ts';

/** What is known of a chunk whose file is read: by an ingest, or by a replay. */
export interface ChunkToRead {
  readonly chunkId: ChunkId;
  readonly chunkNo: number;
  readonly jobNo: number;
  readonly jobId: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly account: string;
  readonly checkName: string;
  /** Those that its file is held to: what was sent, less what was erased since. */
  readonly numbers: number;
  /** Numbers of the chunk that were erased: zeros stand for those in a file that was written anew. */
  readonly erased: number;
  readonly range: { readonly first: number; readonly last: number };
  /** The first job of its tree, where the chunk is one of a retry. */
  readonly retryRoot: string | null;
  readonly total: number | null;
  readonly filtered: number | null;
  readonly semanticsConfirmed: boolean;
}

export interface IngestClaim extends ChunkToRead {
  readonly attemptId: AttemptId;
  readonly fence: number;
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
  RETURNING c.id, c.chunk_no, c.job_no, j.id AS job_id, j.job_day, c.tenant_id, c.account, j.check_name, c.attempt_id, c.fence, c.numbers - c.suppressed - c.erased AS numbers, c.erased,
            c.first_number, c.last_number, c.locator, c.artifact_id, c.ingest_tries, c.locator_refreshes, c.is_canary, j.retry_root, c.last_total, c.last_filtered,
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
    erased: row.erased,
    range: { first: row.first_number, last: row.last_number },
    locator: row.locator,
    artifact: artifact
      ? { id: artifact.id, parseStarts: artifact.parse_started, encoding: artifact.encoding }
      : null,
    tries: row.ingest_tries,
    locatorRefreshes: row.locator_refreshes,
    isCanary: row.is_canary,
    retryRoot: row.retry_root,
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
  const recorded = tx.query(
    `INSERT INTO store.artifacts (id, chunk_id, attempt_id, tenant_id, job_day, sha256, byte_count, headers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      artifact.id,
      claim.chunkId,
      claim.attemptId,
      claim.tenantId,
      claim.jobDay,
      Buffer.from(artifact.sha256),
      artifact.byteCount,
      storableJson(artifact.headers),
    ],
  );
  const tying = tx.query(
    `UPDATE store.chunks SET artifact_id = $3 WHERE id = $1 AND fence = $2 AND state = 'ingesting'`,
    [claim.chunkId, claim.fence, artifact.id],
  );
  const [, tied] = await together(recorded, tying);
  return tied.rowCount === 1;
}

/**
 * Counts a start of parsing before it begins: an artifact that kills its parser shows as started and never finished. False: the claim
 * is gone, and whoever has it counts.
 */
export async function countParseStart(
  db: Database,
  claim: IngestClaim,
  artifactId: string,
): Promise<boolean> {
  return db.transaction('ingest.start_parse', (tx) =>
    setParseStarts(tx, claim, artifactId, 'parse_started + 1'),
  );
}

/** The parser has ended, well or not: its starts no longer count as deaths. False: the claim is gone. */
export async function endParse(
  db: Database,
  claim: IngestClaim,
  artifactId: string,
): Promise<boolean> {
  return db.transaction('ingest.end_parse', (tx) => setParseStarts(tx, claim, artifactId, '0'));
}

async function setParseStarts(
  tx: Transaction,
  claim: IngestClaim,
  artifactId: string,
  starts: 'parse_started + 1' | '0',
): Promise<boolean> {
  const counted = await tx.query(
    `WITH mine AS (SELECT id FROM store.chunks WHERE id = $2 AND fence = $3 AND state = 'ingesting' FOR NO KEY UPDATE)
     UPDATE store.artifacts SET parse_started = ${starts} WHERE id = $1 AND chunk_id IN (SELECT id FROM mine)`,
    [artifactId, claim.chunkId, claim.fence],
  );
  return counted.rowCount === 1;
}
