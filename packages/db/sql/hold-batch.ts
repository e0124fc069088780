import type { Database, Queryable } from '../database.ts';

/** Decisions on many holds under one Idempotency-Key: each chunk's is a transaction of its own, so that a batch may end half-way and be sent again. */

export type HoldBatch =
  /** Nothing that was held later belongs to it: sent again, it decides on no upload that did not exist when it was sent first. */
  { readonly kind: 'open'; readonly openedAt: Date } | { readonly kind: 'other_body' };

/** Opens a batch, or finds the one that was opened under this key before. */
export async function openHoldBatch(
  db: Database,
  tenantId: number,
  key: string,
  fingerprint: Buffer,
): Promise<HoldBatch> {
  return db.transaction('hold.open_batch', async (tx) => {
    await tx.query(
      'INSERT INTO store.hold_batches (tenant_id, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tenantId, key, fingerprint],
    );
    const { rows } = await tx.query<{ fingerprint: Buffer; created_at: Date }>(
      'SELECT fingerprint, created_at FROM store.hold_batches WHERE tenant_id = $1 AND key = $2',
      [tenantId, key],
    );
    const [row] = rows;
    if (!row?.fingerprint.equals(fingerprint)) return { kind: 'other_body' };
    return { kind: 'open', openedAt: row.created_at };
  });
}

/** What a batch has decided so far, and what became of each chunk; amounts are decimal text. */
export interface BatchDecisionRow {
  readonly chunk_id: string;
  readonly job_id: string;
  readonly attempt_id: string;
  /** What had happened to the upload. */
  readonly detail: string | null;
  /** Null where a later upload of the chunk is or was held. */
  readonly held_since: Date | null;
  readonly state: string;
  readonly numbers: number;
  readonly amount: string;
  readonly currency: string;
}

export async function readBatchDecisions(
  db: Queryable,
  tenantId: number,
  key: string,
): Promise<readonly BatchDecisionRow[]> {
  const { rows } = await db.query<BatchDecisionRow>(
    `SELECT d.chunk_id, j.id AS job_id, d.attempt_id, a.outcome_reason AS detail,
            CASE WHEN c.held_attempt_id = d.attempt_id THEN c.held_since END AS held_since, c.state, c.numbers, COALESCE(p.cost_ceiling, a.amount) AS amount, a.currency
       FROM store.decisions d
       JOIN store.chunks c ON c.id = d.chunk_id
       JOIN store.jobs j ON j.job_no = c.job_no
       JOIN store.attempts a ON a.id = d.attempt_id
       LEFT JOIN store.approvals p ON p.id = d.approval_id
      WHERE d.tenant_id = $1 AND d.batch_key = $2 ORDER BY d.id`,
    [tenantId, key],
  );
  return rows;
}
