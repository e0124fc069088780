import type { ArtifactId, ChunkState, ReplayId, ReplayMode } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import type { ChunkToRead } from './claim-ingest.ts';

/** A replay that this worker reads now; a release is none, since its chunk is ingested. */
export interface ReplayClaim extends ChunkToRead {
  readonly replayId: ReplayId;
  readonly replayNo: number;
  readonly mode: Exclude<ReplayMode, 'release'>;
  readonly artifactId: ArtifactId;
  readonly fence: number;
  /** This one included. */
  readonly tries: number;
  readonly chunkState: ChunkState;
  /** Whether the chunk still has the file that was meant. */
  readonly isSameArtifact: boolean;
  /** Whether its bytes are still kept. */
  readonly isKept: boolean;
}

/**
 * Claims what waits to be read again of a chunk, or was left by a worker whose lease is over: fence + 1, lease, one more try. Null:
 * nothing is due, or another worker has it.
 */
export async function claimReplay(
  tx: Transaction,
  chunkId: string,
  lease_ms: number,
): Promise<ReplayClaim | null> {
  const { rows } = await tx.query(
    `UPDATE store.replays p SET state = 'running', fence = p.fence + 1, tries = p.tries + 1, started_at = COALESCE(p.started_at, clock_timestamp()),
            due_at = clock_timestamp() + $2 * interval '1 millisecond'
       FROM store.chunks c, store.jobs j, store.account_states s
      WHERE c.id = p.chunk_id AND j.job_no = c.job_no AND s.account = c.account
        AND p.id = (SELECT id FROM store.replays WHERE chunk_id = $1 AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
  RETURNING p.id, p.replay_no, p.mode, p.artifact_id, p.fence, p.tries, c.id AS chunk_id, c.chunk_no, c.job_no, j.id AS job_id, j.job_day, c.tenant_id,
            c.account, j.check_name, c.numbers - c.suppressed - c.erased AS numbers, c.erased, c.first_number, c.last_number, c.state AS chunk_state, j.retry_root, c.last_total, c.last_filtered,
            s.semantics_confirmed, COALESCE(c.artifact_id = p.artifact_id, false) AS is_same,
            EXISTS (SELECT FROM store.blobs b WHERE b.id = p.artifact_id AND b.job_day = j.job_day) AS is_kept`,
    [chunkId, lease_ms],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    replayId: row.id,
    replayNo: row.replay_no,
    mode: row.mode,
    artifactId: row.artifact_id,
    fence: row.fence,
    tries: row.tries,
    chunkState: row.chunk_state,
    isSameArtifact: row.is_same,
    isKept: row.is_kept,
    chunkId: row.chunk_id,
    chunkNo: row.chunk_no,
    jobNo: row.job_no,
    jobId: row.job_id,
    jobDay: row.job_day,
    tenantId: row.tenant_id,
    account: row.account,
    checkName: row.check_name,
    numbers: row.numbers,
    erased: row.erased,
    range: { first: row.first_number, last: row.last_number },
    retryRoot: row.retry_root,
    total: row.last_total,
    filtered: row.last_filtered,
    semanticsConfirmed: row.semantics_confirmed,
  };
}

type Claimed = Pick<ReplayClaim, 'replayId' | 'fence'>;

/** Extends the lease. False: the claim is gone, or being ended right now by this worker's own transaction. */
export async function extendReplay(
  db: Database,
  { replayId, fence }: Claimed,
  lease_ms: number,
): Promise<boolean> {
  const extended = await db.transaction('lease.extend', (tx) =>
    tx.query(
      `UPDATE store.replays SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
        WHERE id = (SELECT id FROM store.replays WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE SKIP LOCKED)`,
      [replayId, fence, lease_ms],
    ),
  );
  return extended.rowCount === 1;
}

/** Ends a claim without a difference. False: it was gone. */
export async function leaveReplay(
  tx: Transaction,
  { replayId, fence }: Claimed,
  step:
    | { readonly kind: 'failed'; readonly code: string }
    | { readonly kind: 'retry'; readonly wait_ms: number }
    /** As retry, and the claim's try is taken back: this worker was not the one to read it. */
    | { readonly kind: 'wait'; readonly wait_ms: number },
): Promise<boolean> {
  const left =
    step.kind === 'failed'
      ? await tx.query(
          `UPDATE store.replays SET state = 'failed', failure = $3, due_at = NULL, finished_at = clock_timestamp() WHERE id = $1 AND fence = $2 AND state = 'running'`,
          [replayId, fence, step.code],
        )
      : await tx.query(
          `UPDATE store.replays SET state = 'waiting', tries = tries - $4, due_at = clock_timestamp() + $3 * interval '1 millisecond', rung_at = NULL
            WHERE id = $1 AND fence = $2 AND state = 'running'`,
          [replayId, fence, step.wait_ms, step.kind === 'wait' ? 1 : 0],
        );
  return left.rowCount === 1;
}
