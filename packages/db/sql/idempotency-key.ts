import type { JobId } from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';

export interface IdempotencyKey {
  readonly key: string;
  /** What makes two requests the same. */
  readonly fingerprint: Uint8Array;
}

export type MadeBefore =
  /** The same key and the same request: the job that was made then. */
  | { readonly kind: 'replayed'; readonly jobId: JobId }
  | { readonly kind: 'other_body' }
  /** The same key is being stored right now by another request. */
  | { readonly kind: 'in_progress' };

/** Whether a job was made under this key; `claimIdempotencyKey` says then whether it is the same request. */
export async function knowsIdempotencyKey(
  db: Queryable,
  tenantId: number,
  key: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT FROM store.idempotency_keys WHERE tenant_id = $1 AND key = $2',
    [tenantId, key],
  );
  return rowCount === 1;
}

/** Takes the key for the length of the transaction; null: it is ours, and `keepIdempotencyKey` ends with it. */
export async function claimIdempotencyKey(
  tx: Transaction,
  tenantId: number,
  { key, fingerprint }: IdempotencyKey,
): Promise<MadeBefore | null> {
  const lock = await tx.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
    [`idempotency ${tenantId} ${key}`],
  );
  if (!lock.rows[0]?.locked) return { kind: 'in_progress' };
  const { rows } = await tx.query<{ job_id: JobId; same: boolean }>(
    'SELECT job_id, fingerprint = $3 AS same FROM store.idempotency_keys WHERE tenant_id = $1 AND key = $2',
    [tenantId, key, Buffer.from(fingerprint)],
  );
  const before = rows[0];
  if (!before) return null;
  return before.same ? { kind: 'replayed', jobId: before.job_id } : { kind: 'other_body' };
}

export async function keepIdempotencyKey(
  tx: Transaction,
  tenantId: number,
  { key, fingerprint }: IdempotencyKey,
  jobId: JobId,
): Promise<void> {
  await tx.query(
    'INSERT INTO store.idempotency_keys (tenant_id, key, fingerprint, job_id) VALUES ($1, $2, $3, $4)',
    [tenantId, key, Buffer.from(fingerprint), jobId],
  );
}
