import {
  type ChunkId,
  type ChunkState,
  decideReplay,
  type HeldReason,
  type ReplayId,
  type ReplayMode,
} from '@rollcall/domain';
import type { Database, Queryable, Transaction } from '../database.ts';
import { appendAudit } from './audit-trail.ts';
import { type Decider, replayHeld } from './decide-held.ts';
import type { DueDoorbell } from './sweep-due.ts';

export type AskedReplay =
  | {
      readonly kind: 'asked';
      readonly mode: ReplayMode;
      /** To be rung after the commit; the sweep does it otherwise. */
      readonly doorbell: DueDoorbell;
    }
  | { readonly kind: 'not_found' }
  /** One of this chunk is open already; a chunk has one at a time. */
  | { readonly kind: 'open'; readonly replayId: ReplayId; readonly mode: ReplayMode }
  | {
      readonly kind: 'refused';
      readonly code: 'chunk_without_result' | 'artifact_gone' | 'chunk_not_replayable';
    };

interface ReplayWish {
  readonly id: ReplayId;
  readonly chunkId: ChunkId;
  /** Change rows, or only compare them. */
  readonly apply: boolean;
  readonly by: Decider;
}

/**
 * Asks for a tenant's chunk to be read again. A worker reads; a held chunk whose rows are to be written goes the way of the decision
 * `replay`, in the same transaction.
 */
export async function askReplay(db: Database, wish: ReplayWish): Promise<AskedReplay> {
  return db.transaction('replay.ask', (tx) => ask(tx, wish));
}

async function ask(tx: Transaction, { id, chunkId, apply, by }: ReplayWish): Promise<AskedReplay> {
  // In the order of locks: letting a held chunk go is a decision, which locks its attempt.
  await tx.query(
    `SELECT FROM store.attempts a JOIN store.chunks c ON c.attempt_id = a.id WHERE c.id = $1 AND c.tenant_id = $2 FOR NO KEY UPDATE OF a`,
    [chunkId, by.tenantId],
  );
  const { rows } = await tx.query<{
    state: ChunkState;
    reason: string | null;
    job_no: number;
    artifact_id: string | null;
    is_kept: boolean;
  }>(
    `SELECT c.state, c.reason, c.job_no, c.artifact_id,
            EXISTS (SELECT FROM store.artifacts f JOIN store.blobs b ON b.id = f.id AND b.job_day = f.job_day WHERE f.id = c.artifact_id) AS is_kept
       FROM store.chunks c WHERE c.id = $1 AND c.tenant_id = $2 FOR NO KEY UPDATE OF c`,
    [chunkId, by.tenantId],
  );
  const chunk = rows[0];
  if (!chunk) return { kind: 'not_found' };
  const open = await tx.query<{ id: ReplayId; mode: ReplayMode }>(
    `SELECT id, mode FROM store.replays WHERE chunk_id = $1 AND state IN ('waiting', 'running')`,
    [chunkId],
  );
  if (open.rows[0]) return { kind: 'open', replayId: open.rows[0].id, mode: open.rows[0].mode };
  const decision = decideReplay({
    state: chunk.state,
    // Words of the schema's CHECK.
    heldReason: chunk.state === 'held' ? (chunk.reason as HeldReason) : null,
    hasArtifact: chunk.artifact_id !== null,
    isKept: chunk.is_kept,
    apply,
  });
  if (decision.kind === 'refuse') return { kind: 'refused', code: decision.code };
  const { mode } = decision;
  if (mode === 'release' && (await replayHeld(tx, chunkId, by)).kind !== 'decided') {
    return { kind: 'refused', code: 'chunk_not_replayable' };
  }
  await tx.query(
    `INSERT INTO store.replays (id, tenant_id, job_no, chunk_id, artifact_id, mode, asked_by, why, due_at, rung_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $6 = 'release' THEN NULL ELSE clock_timestamp() END, clock_timestamp())`,
    [id, by.tenantId, chunk.job_no, chunkId, chunk.artifact_id, mode, by.decidedBy, by.why],
  );
  const rung = await tx.query<{ ring_no: number }>(
    `UPDATE store.chunks SET ring_no = ring_no + 1, rung_at = CASE WHEN $2 THEN clock_timestamp() ELSE rung_at END WHERE id = $1 RETURNING ring_no`,
    [chunkId, mode === 'release'],
  );
  const doorbell: DueDoorbell = { stage: 'ingest', chunkId, ring: rung.rows[0]?.ring_no ?? 1 };
  await appendAudit(tx, {
    tenantId: by.tenantId,
    actor: by.decidedBy,
    action: 'replay.asked',
    subject: id,
    purpose: by.why,
    detail: { chunk: chunkId, mode },
  });
  return { kind: 'asked', mode, doorbell };
}

/** The chunks of a tenant's job that have a file and may be read again, in order of their number. `after`: the number of the last one before. */
export async function chunksToReplay(
  db: Queryable,
  tenantId: number,
  jobId: string,
  page: { readonly after: number; readonly account: string | null; readonly limit: number },
): Promise<readonly { readonly id: ChunkId; readonly chunk_no: number }[]> {
  const { rows } = await db.query<{ id: ChunkId; chunk_no: number }>(
    `SELECT c.id, c.chunk_no FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
      WHERE j.id = $1 AND j.tenant_id = $2 AND c.chunk_no > $3 AND ($4::text IS NULL OR c.account = $4)
        AND c.artifact_id IS NOT NULL AND c.state IN ('done', 'held', 'failed')
      ORDER BY c.chunk_no LIMIT $5`,
    [jobId, tenantId, page.after, page.account, page.limit],
  );
  return rows;
}
