import { once } from 'node:events';
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import type { Entry } from 'yauzl';
import { readPieces } from './file-bytes.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookLimits } from './workbook-limits.ts';
import { type Archive, asUnreadable } from './zip-archive.ts';

/** Below this many inflated bytes a ratio proves nothing: a small sheet of equal rows is a thousandfold too. */
const ratioCounts_bytes = 16_777_216;

const pieceInflated_bytes = 131_072;

/**
 * The bytes of a member, inflated, in pieces. Ends well only when size and CRC are the directory's; pieces that came
 * before a refusal must not be kept.
 * @param spend counts bytes against the limit of the whole file; left out where only a beginning is looked at
 */
export async function* readMember(
  archive: Archive,
  entry: Entry,
  limits: WorkbookLimits,
  spend: (inflated_bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void> {
  refuseRatio(entry, limits);
  const start = await dataStart(archive, entry);
  const end = start + entry.compressedSize;
  const pieces = readPieces(archive.fd, start, end);
  let total_bytes = 0;
  let crc = 0;
  for await (const piece of entry.compressionMethod === 0 ? pieces : inflate(pieces, entry)) {
    total_bytes += piece.length;
    if (total_bytes > entry.uncompressedSize) refuseSize();
    spend(piece.length);
    crc = crc32(piece, crc);
    yield piece;
  }
  if (total_bytes !== entry.uncompressedSize) refuseSize();
  if (crc !== entry.crc32)
    throw new UnreadableWorkbook('corrupt', 'its CRC does not match its bytes');
}

/** The first bytes of a member, unproved. */
export async function readMemberHead(
  archive: Archive,
  entry: Entry,
  limits: WorkbookLimits,
  length: number,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of readMember(archive, entry, limits)) {
    pieces.push(piece);
    total += piece.length;
    if (total >= length) break;
  }
  return Buffer.concat(pieces).subarray(0, length);
}

/** Where a member's data begins; its own header must agree with the directory. */
async function dataStart(archive: Archive, entry: Entry): Promise<number> {
  try {
    const header = await archive.zip.readLocalFileHeaderPromise(entry, {});
    const isSameName = header.fileName.equals(entry.fileNameRaw);
    if (!isSameName || header.compressionMethod !== entry.compressionMethod) {
      throw new UnreadableWorkbook('corrupt', 'its own header contradicts the directory');
    }
    return header.fileDataStart;
  } catch (error) {
    throw asUnreadable(error);
  }
}

/** Inflates on zlib's thread, fed no faster than it is read; leaves nothing running when it is left early. */
async function* inflate(
  pieces: AsyncGenerator<Buffer>,
  entry: Entry,
): AsyncGenerator<Buffer, void> {
  const inflater = createInflateRaw({ chunkSize: pieceInflated_bytes });
  const feeding = feed(inflater, pieces);
  try {
    for await (const piece of inflater) yield piece;
  } catch (error) {
    const isData = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
    throw isData ? new UnreadableWorkbook('corrupt', 'its deflated data is damaged') : error;
  } finally {
    inflater.destroy();
    await feeding;
  }
  // Bytes behind the end of the deflated data are not covered by size or CRC.
  if (inflater.bytesWritten !== entry.compressedSize) refuseSize();
}

async function feed(inflater: InflateRaw, pieces: AsyncGenerator<Buffer>): Promise<void> {
  const closed = once(inflater, 'close').catch(() => {});
  try {
    for await (const piece of pieces) {
      if (inflater.destroyed) return;
      if (!inflater.write(piece))
        await Promise.race([once(inflater, 'drain').catch(() => {}), closed]);
    }
    if (!inflater.destroyed) inflater.end();
  } catch (error) {
    inflater.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** By what its directory says, before anything is inflated: it cannot be more than that. */
function refuseRatio(entry: Entry, { maxInflationRatio }: WorkbookLimits): void {
  const { compressedSize, uncompressedSize } = entry;
  if (
    uncompressedSize > ratioCounts_bytes &&
    uncompressedSize > compressedSize * maxInflationRatio
  ) {
    throw new UnreadableWorkbook('too_large', `inflates more than ${maxInflationRatio} times`);
  }
}

function refuseSize(): never {
  throw new UnreadableWorkbook('corrupt', 'its size is not the one that the directory gives');
}
