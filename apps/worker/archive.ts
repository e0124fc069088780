import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { crashPoint } from '@rollcall/crash-points';
import {
  appendEvidence,
  type Database,
  type IngestClaim,
  noteFileWithErased,
  postgresBlobs,
  recordArtifact,
  reserveRequest,
  together,
} from '@rollcall/db';
import type { Account, ArtifactId, DownloadAnswer } from '@rollcall/domain';
import { type Equipment, newId } from './equipment.ts';

/**
 * Downloads a result into `file` and stores the bytes, with their SHA-256 and headers, before anything reads them: what was paid for
 * can be parsed again at any time. The artifact is null where nothing whole came, or where the claim was lost meanwhile.
 */
export async function archiveDownload(
  equipment: Equipment,
  claim: IngestClaim,
  account: Account,
  file: FileHandle,
  signal: AbortSignal,
): Promise<{ readonly answer: DownloadAnswer; readonly artifact: ArtifactId | null }> {
  const { db, log } = equipment;
  if (claim.locator === null) throw new Error(`chunk ${claim.chunkId} is ready without a locator`);
  await delay(
    await db.transaction('ingest.reserve_request', (tx) =>
      reserveRequest(tx, account.id, account.pace.requestsPerSecond),
    ),
  );
  crashPoint('ingest:before_download');
  const hash = createHash('sha256');
  const write = writerFrom0(file);
  const answer = await equipment.providerOf(account).download(
    claim.locator,
    async (bytes) => {
      hash.update(bytes);
      await write(bytes);
    },
    signal,
  );
  crashPoint('ingest:after_download');
  if (answer.kind !== 'downloaded') {
    await db.transaction('ingest.keep_evidence', (tx) =>
      appendEvidence(tx, claim, answer.kind, answer.evidence, null),
    );
    return { answer, artifact: null };
  }
  const id = newId('artifact');
  const sha256 = hash.digest();
  const tied = await db.transaction('ingest.archive', async (tx) => {
    await postgresBlobs(tx).write(
      tx,
      {
        id,
        jobDay: claim.jobDay,
        tenantId: claim.tenantId,
        jobNo: claim.jobNo,
        kind: 'artifact',
        encoding: 'zstd',
      },
      compressed(file),
      () => ({ sha256, byteCount: answer.byteCount }),
    );
    const [isTied] = await together(
      recordArtifact(tx, claim, {
        id,
        sha256,
        byteCount: answer.byteCount,
        headers: answer.headers,
      }),
      // Behind the chunk's lock, which an erasure has while it takes a number out: it is known here, or finds this file.
      noteFileWithErased(tx, { ...claim, id }),
    );
    return isTied;
  });
  equipment.metrics.count('rollcall_ingest_bytes_total', { account: account.id }, answer.byteCount);
  log.info('artifact.archived', {
    job: claim.jobId,
    chunk: claim.chunkId,
    artifact: id,
    account: account.id,
    bytes: answer.byteCount,
    duration_ms: answer.evidence.duration_ms,
  });
  return { answer, artifact: tied ? id : null };
}

/** Brings an archived result back into `file`. */
export async function unpackArtifact(
  db: Database,
  claim: Pick<IngestClaim, 'jobDay'>,
  artifact: { readonly id: ArtifactId },
  file: FileHandle,
): Promise<void> {
  const unpacked = createZstdDecompress();
  const write = writerFrom0(file);
  await Promise.all([
    pipeline(Readable.from(postgresBlobs(db).read(artifact.id, claim.jobDay)), unpacked),
    (async () => {
      for await (const bytes of unpacked) await write(bytes as Uint8Array);
    })(),
  ]);
}

/** By place: the file may have had another result before this one. A disk that fills up writes part of a buffer and says so only in the count. */
function writerFrom0(file: FileHandle): (bytes: Uint8Array) => Promise<void> {
  let place = 0;
  return async (bytes) => {
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written;
      const { bytesWritten } = await file.write(bytes, written, left, place);
      if (bytesWritten === 0) throw new Error('the temporary file takes no more bytes');
      written += bytesWritten;
      place += bytesWritten;
    }
  };
}

/** The file's bytes from its start, compressed while they are read. */
async function* compressed(file: FileHandle): AsyncGenerator<Uint8Array> {
  const packed = createZstdCompress();
  const packing = pipeline(file.createReadStream({ start: 0, autoClose: false }), packed);
  // Where reading fails, the loop below throws it first.
  packing.catch(() => undefined);
  yield* packed;
  await packing;
}
