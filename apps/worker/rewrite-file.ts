import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { type KeptFile, type NewBytes, postgresBlobs, replaceFile } from '@rollcall/db';
import type { ErasureId } from '@rollcall/domain';
import { blankFile } from '@rollcall/privacy';
import { openNamelessFile } from '@rollcall/results';
import { blankLines } from './blank-lines.ts';
import type { Equipment } from './equipment.ts';
import type { SoughtNumbers } from './sought-numbers.ts';

export type RewrittenFile =
  /** None of the numbers is in it. */
  | 'clean'
  | 'rewritten'
  /** It cannot be written anew, and it is bound to have the number: its bytes are gone. */
  | 'removed'
  /** The same, and nothing says that it has the number. */
  | 'unreadable'
  /** Somebody else has written it anew meanwhile. */
  | 'changed';

/**
 * Writes a kept file anew without numbers that were erased, and in the same transaction puts it in the place of the old one and on the
 * receipts. In an upload of a job that had the number intake's own reader finds its lines; in other places it is known by its digits. What
 * cannot be looked into and is bound to have the number is removed, and so is an upload in which it is not found: an answer is worth less
 * than a promise.
 */
export async function rewriteFile(
  { db, digests }: Pick<Equipment, 'db' | 'digests'>,
  file: KeptFile,
  { isErased, has, found }: SoughtNumbers,
): Promise<RewrittenFile> {
  const replace = (erasureIds: Iterable<ErasureId>, made: NewBytes) =>
    db.transaction('sweep.replace_file', (tx) =>
      replaceFile(tx, file, [...erasureIds], made, digests),
    );
  const temporaryDirectory = tmpdir();
  const kept = await openNamelessFile(temporaryDirectory);
  try {
    const isWhole = await unpack(db, file, kept);
    const isJson = file.reading?.format === 'json';
    const bound = file.kind === 'upload' ? file.boundTo : [];
    const lines = isWhole && bound.length > 0 ? await blankTextLines(kept, file, has) : 0;
    const blanked =
      isWhole && lines !== null
        ? await blankFile(kept, { isErased, isJson, temporaryDirectory })
        : ({ kind: 'unreadable' } as const);
    try {
      const isReadable = blanked.kind !== 'unreadable';
      if (isReadable && found().size === 0 && bound.length === 0) return 'clean';
      const made = blanked.kind === 'blanked' ? blanked.file : kept;
      const isGone =
        isReadable &&
        bound.every((id) => found().has(id)) &&
        !(bound.length > 0 && (await isInWorkbook(made, file, has)));
      if (!isGone) {
        if (file.boundTo.length === 0) return 'unreadable';
        return (await replace(new Set([...file.boundTo, ...found()]), null))
          ? 'removed'
          : 'changed';
      }
      const isArchive = blanked.kind === 'blanked' && blanked.isArchive;
      const bytes = await newBytesOf(made, file.kind === 'upload' && isArchive);
      return (await replace(found(), bytes)) ? 'rewritten' : 'changed';
    } finally {
      if (blanked.kind === 'blanked') await blanked.file.close();
    }
  } finally {
    await kept.close();
  }
}

/** Blanks the lines of the numbers where the upload is a text. Null: it cannot be read. */
async function blankTextLines(
  file: FileHandle,
  { reading }: KeptFile,
  has: SoughtNumbers['has'],
): Promise<number | null> {
  return reading === null || reading.format === 'xlsx' ? 0 : blankLines(file, reading, has);
}

/** Whether intake would still read one of the numbers from a workbook, whose cells cannot be blanked one by one. */
async function isInWorkbook(
  file: FileHandle,
  { reading }: KeptFile,
  has: SoughtNumbers['has'],
): Promise<boolean> {
  return reading?.format === 'xlsx' && (await blankLines(file, reading, has)) !== 0;
}

/** Brings a kept file back as it came, inflated where the caller had packed it. False: its bytes are damaged. */
async function unpack(db: Equipment['db'], kept: KeptFile, file: FileHandle): Promise<boolean> {
  const packed = Readable.from(postgresBlobs(db).read(kept.id, kept.jobDay));
  const sink = async (pieces: AsyncIterable<Uint8Array>) => {
    for await (const piece of pieces) await file.appendFile(piece);
  };
  try {
    if (kept.encoding === 'identity') await pipeline(packed, sink);
    else {
      const inflater = kept.encoding === 'gzip' ? createGunzip() : createZstdDecompress();
      await pipeline(packed, inflater, sink);
    }
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (/^(Z_|ZSTD_)/.test(code)) return false;
    throw error;
  }
}

async function newBytesOf(file: FileHandle, asItIs: boolean): Promise<NonNullable<NewBytes>> {
  const hash = createHash('sha256');
  for await (const piece of read(file)) hash.update(piece as Buffer);
  const { size } = await file.stat();
  return {
    // From the start each time: a transaction that met a deadlock is run again.
    bytes: {
      [Symbol.asyncIterator]: () =>
        (asItIs ? read(file) : compressed(file))[Symbol.asyncIterator](),
    },
    encoding: asItIs ? 'identity' : 'zstd',
    sha256: hash.digest(),
    byteCount: size,
  };
}

/** With a checksum: whoever reads the parts of the old file and the new one in turn is told. */
async function* compressed(file: FileHandle): AsyncGenerator<Uint8Array> {
  const packed = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const packing = pipeline(read(file), packed);
  // Where reading fails, the loop below throws it first.
  packing.catch(() => undefined);
  yield* packed;
  await packing;
}

const read = (file: FileHandle) => file.createReadStream({ start: 0, autoClose: false });
