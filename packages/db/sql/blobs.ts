import type { Queryable, Transaction } from '../database.ts';

/**
 * Where bytes are kept as they came: uploads and result files, compressed by the caller. An object store fits behind this as
 * well; it would write before the transaction that records the blob, and its orphans be swept.
 */
export interface BlobStore {
  /** Stores a stream of bytes, with whatever else `tx` stores; what `digest` returns is asked for when the stream has ended. */
  write(
    tx: Transaction,
    facts: BlobFacts,
    bytes: AsyncIterable<Uint8Array>,
    digest: () => BlobDigest,
  ): Promise<void>;
  /** The bytes of a blob, still compressed, in order; nothing for one that is not there. */
  read(id: string, jobDay: string): AsyncIterable<Uint8Array>;
}

/** Of the bytes as they came, before they were compressed. */
export interface BlobDigest {
  readonly sha256: Uint8Array;
  readonly byteCount: number;
}

/** Blobs in Postgres, in parts of 1 MiB. */
export function postgresBlobs(db: Queryable): BlobStore {
  return {
    write: writeBlob,
    read: (id, jobDay) => readBlob(db, id, jobDay),
  };
}

export interface BlobFacts {
  readonly id: string;
  readonly jobDay: string;
  readonly tenantId: number;
  readonly jobNo: number;
  readonly kind: 'upload' | 'artifact';
  readonly encoding: 'zstd' | 'gzip' | 'identity';
}

const part_bytes = 1 << 20;

async function writeBlob(
  tx: Transaction,
  facts: BlobFacts,
  bytes: AsyncIterable<Uint8Array>,
  digest: () => BlobDigest,
): Promise<void> {
  let partNo = 0;
  let pending: Uint8Array[] = [];
  let pending_bytes = 0;
  const flush = async () => {
    if (pending_bytes === 0) return;
    partNo += 1;
    await tx.query(
      'INSERT INTO store.blob_parts (job_day, tenant_id, blob_id, part_no, bytes) VALUES ($1, $2, $3, $4, $5)',
      [facts.jobDay, facts.tenantId, facts.id, partNo, Buffer.concat(pending)],
    );
    pending = [];
    pending_bytes = 0;
  };
  for await (const piece of bytes) {
    for (let start = 0; start < piece.length; start += part_bytes) {
      const slice = piece.subarray(start, start + part_bytes);
      pending.push(slice);
      pending_bytes += slice.length;
      if (pending_bytes >= part_bytes) await flush();
    }
  }
  await flush();
  const { sha256, byteCount } = digest();
  await tx.query(
    `INSERT INTO store.blobs (id, job_day, tenant_id, job_no, kind, encoding, sha256, byte_count)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      facts.id,
      facts.jobDay,
      facts.tenantId,
      facts.jobNo,
      facts.kind,
      facts.encoding,
      Buffer.from(sha256),
      byteCount,
    ],
  );
}

/** One part in memory at a time. */
async function* readBlob(db: Queryable, id: string, jobDay: string): AsyncGenerator<Buffer> {
  for (let partNo = 1; ; partNo += 1) {
    const { rows } = await db.query<{ bytes: Buffer }>(
      'SELECT bytes FROM store.blob_parts WHERE blob_id = $1 AND job_day = $2 AND part_no = $3',
      [id, jobDay, partNo],
    );
    const part = rows[0];
    if (!part) return;
    yield part.bytes;
  }
}
