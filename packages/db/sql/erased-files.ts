import type { ErasureId } from '@rollcall/domain';
import type { NumberDigest, NumberDigests } from '@rollcall/privacy';
import type { Queryable, Transaction } from '../database.ts';
import { postgresBlobs } from './blobs.ts';

/** Files that may have an erased number: found, written anew, or removed where that cannot be done. */

export interface KeptFile {
  readonly id: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly jobNo: number;
  readonly kind: 'upload' | 'artifact';
  readonly encoding: 'zstd' | 'gzip' | 'identity';
  readonly sha256: Buffer;
  /** Of an upload: how intake read it. Null as well where nothing says so. */
  readonly reading: {
    readonly format: 'txt' | 'csv' | 'tsv' | 'json' | 'xlsx';
    readonly header: readonly string[] | null;
    /** Of the numbers, from 1. */
    readonly column: number | null;
    readonly region: string | null;
  } | null;
  /** The erasures that it is looked through for. */
  readonly erasureIds: readonly ErasureId[];
  /** Those of them whose number it is bound to have: an upload those of its job, a result file those of its chunk, or of any of a chunk that has some. */
  readonly boundTo: readonly ErasureId[];
}

const columns = `b.id, b.job_day AS "jobDay", b.tenant_id AS "tenantId", b.job_no AS "jobNo", b.kind, b.encoding, b.sha256,
            CASE WHEN b.kind = 'upload' AND j.upload->>'format' IS NOT NULL THEN jsonb_build_object('format', j.upload->>'format',
              'header', j.upload->'header', 'column', j.upload->'column'->'index', 'region', j.default_region) END AS reading`;

/** In SQL: whether the file `b` may be bound to have a number that was erased from its job. A result file of a chunk that none was erased from is somebody else's. */
const mayBeBound = `(b.kind = 'upload' OR EXISTS (SELECT FROM store.artifacts a JOIN store.chunks c ON c.id = a.chunk_id WHERE a.id = b.id AND c.erased > 0))`;

/**
 * The tenant's files behind `after`, in the order in which they are gone through, each with those of the erasures that are not past it, and
 * have not written it anew.
 */
export async function filesToLookThrough(
  db: Queryable,
  tenantId: number,
  erasureIds: readonly ErasureId[],
  after: string,
  limit: number,
): Promise<readonly KeptFile[]> {
  const { rows } = await db.query<KeptFile>(
    `SELECT ${columns}, sought.ids AS "erasureIds", ARRAY(
              SELECT DISTINCT n.erasure_id FROM store.erased_numbers n WHERE n.job_no = b.job_no AND n.job_day = b.job_day AND n.erasure_id = ANY(sought.ids) AND ${mayBeBound}) AS "boundTo"
       FROM store.blobs b JOIN store.jobs j ON j.job_no = b.job_no
      CROSS JOIN LATERAL (SELECT array_agg(e.id) AS ids FROM store.erasures e
              WHERE e.id = ANY($3) AND e.files_after < b.id
                AND NOT EXISTS (SELECT FROM store.erased_files f WHERE f.blob_id = b.id AND f.erasure_id = e.id AND f.done_at IS NOT NULL)) sought
      WHERE b.tenant_id = $1 AND b.id > GREATEST($2, (SELECT min(e.files_after) FROM store.erasures e WHERE e.id = ANY($3))) AND sought.ids IS NOT NULL
      ORDER BY b.id LIMIT $4`,
    [tenantId, after, erasureIds, limit],
  );
  return rows;
}

/** Remembers of erasures up to where the files were looked through for them. */
export async function passFile(
  tx: Transaction,
  erasureIds: readonly ErasureId[],
  fileId: string,
): Promise<void> {
  await tx.query(
    'UPDATE store.erasures SET files_after = GREATEST(files_after, $2) WHERE id = ANY($1) AND done_at IS NULL',
    [erasureIds, fileId],
  );
}

/** Digests of the numbers of a job that were erased, and by which erasure; nearly always none. */
export async function readErasedNumbers(
  db: Queryable,
  job: { readonly jobNo: number; readonly jobDay: string },
): Promise<readonly (NumberDigest & { readonly erasureId: ErasureId })[]> {
  const { rows } = await db.query<NumberDigest & { readonly erasureId: ErasureId }>(
    `SELECT secret_id AS "secretId", digest, erasure_id AS "erasureId" FROM store.erased_numbers WHERE job_no = $1 AND job_day = $2`,
    [job.jobNo, job.jobDay],
  );
  return rows;
}

/** Notes of a file that came after numbers of its job were erased that it may have them: a sweep looks through it. */
export async function noteFileWithErased(
  tx: Transaction,
  file: {
    readonly id: string;
    readonly jobDay: string;
    readonly tenantId: number;
    readonly jobNo: number;
  },
): Promise<void> {
  await tx.query(
    `INSERT INTO store.erased_files (tenant_id, blob_id, erasure_id, job_day, kind)
     SELECT DISTINCT e.tenant_id, $1, e.erasure_id, e.job_day, 'artifact' FROM store.erased_numbers e WHERE e.job_no = $2 AND e.job_day = $3
     ON CONFLICT DO NOTHING`,
    [file.id, file.jobNo, file.jobDay],
  );
}

/** Files that were noted, and are not written anew yet. */
export async function filesToRewrite(db: Queryable, limit: number): Promise<readonly KeptFile[]> {
  const { rows } = await db.query<KeptFile>(
    `SELECT ${columns}, n.ids AS "erasureIds", CASE WHEN ${mayBeBound} THEN n.ids ELSE '{}' END AS "boundTo"
       FROM store.blobs b JOIN store.jobs j ON j.job_no = b.job_no
      CROSS JOIN LATERAL (SELECT COALESCE(array_agg(DISTINCT e.erasure_id), '{}') AS ids FROM store.erased_numbers e WHERE e.job_no = b.job_no AND e.job_day = b.job_day) n
      WHERE (b.id, b.job_day) IN (SELECT f.blob_id, f.job_day FROM store.erased_files f WHERE f.done_at IS NULL AND f.due_at <= clock_timestamp())
      ORDER BY b.id LIMIT $1`,
    [limit],
  );
  return rows;
}

/** What takes a file's place; null: nothing does, and its bytes are removed. */
export type NewBytes = {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly encoding: 'zstd' | 'identity';
  readonly sha256: Uint8Array;
  readonly byteCount: number;
} | null;

/**
 * Puts a file's new bytes in the place of the old ones, which are gone then, and writes it on the receipts. False: the file has changed since
 * it was read, and is to be looked at again.
 */
export async function replaceFile(
  tx: Transaction,
  file: KeptFile,
  erasureIds: readonly ErasureId[],
  made: NewBytes,
  digests: NumberDigests,
): Promise<boolean> {
  const at = [file.id, file.jobDay];
  const same = await tx.query(
    'SELECT FROM store.blobs WHERE id = $1 AND job_day = $2 AND sha256 = $3 FOR UPDATE',
    [...at, file.sha256],
  );
  if (same.rowCount !== 1) return false;
  await tx.query('DELETE FROM store.blob_parts WHERE blob_id = $1 AND job_day = $2', at);
  await tx.query('DELETE FROM store.blobs WHERE id = $1 AND job_day = $2', at);
  if (made !== null) {
    const { id, jobDay, tenantId, jobNo, kind } = file;
    const facts = { id, jobDay, tenantId, jobNo, kind, encoding: made.encoding };
    await postgresBlobs(tx).write(tx, facts, made.bytes, () => made);
  }
  // An etag often is the MD5 of the bytes that came. Of a file that is removed, nothing is what is left.
  await tx.query(
    `UPDATE store.artifacts SET sha256 = COALESCE($2, sha256('')), byte_count = $3, headers = headers - '{etag,content-length}'::text[] WHERE id = $1`,
    [file.id, made === null ? null : Buffer.from(made.sha256), made?.byteCount ?? 0],
  );
  const old = digests.seal(file.sha256);
  await tx.query(
    `INSERT INTO store.erased_files (tenant_id, blob_id, erasure_id, job_day, kind, old_secret_id, old_hmac, new_sha256, done_at)
     SELECT $1, $2, erasure, $3, $4, $5, $6, $7, clock_timestamp() FROM unnest($8::text[]) AS erasure
     ON CONFLICT (blob_id, erasure_id) DO UPDATE SET old_secret_id = EXCLUDED.old_secret_id, old_hmac = EXCLUDED.old_hmac, new_sha256 = EXCLUDED.new_sha256, done_at = EXCLUDED.done_at
      WHERE erased_files.done_at IS NULL`,
    [
      file.tenantId,
      file.id,
      file.jobDay,
      file.kind,
      old.secretId,
      old.digest,
      made === null ? null : Buffer.from(made.sha256),
      erasureIds,
    ],
  );
  return true;
}

/** Lets the notes on a file wait: it could not be written anew. */
export async function putOffNotes(tx: Transaction, fileId: string, wait_ms: number): Promise<void> {
  await tx.query(
    `UPDATE store.erased_files SET due_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE blob_id = $1 AND done_at IS NULL`,
    [fileId, wait_ms],
  );
}

/** Ends the notes on files that nothing was found in, or that are not kept any more. */
export async function dropNotes(tx: Transaction, fileId: string | null): Promise<void> {
  await tx.query(
    `DELETE FROM store.erased_files f WHERE f.done_at IS NULL AND (f.blob_id = $1
       OR NOT EXISTS (SELECT FROM store.blobs b WHERE b.id = f.blob_id AND b.job_day = f.job_day))`,
    [fileId],
  );
}
