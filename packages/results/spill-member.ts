import { write as writeCallback } from 'node:fs';
import { promisify } from 'node:util';
import {
  type Archive,
  type ArchiveMember,
  type FileBytes,
  openNamelessFile,
  readMember,
} from '@rollcall/spreadsheets';
import type { ReadContext } from './read-context.ts';

const writeDescriptor = promisify(writeCallback);

/** What takes bytes at a place of a file, some or all of them. */
export type WriteAt = (
  piece: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<{ readonly bytesWritten: number }>;

/** Inflates a member into the file that is there for it, or one without a name: nothing is left behind when the process dies. */
export async function spillMember(
  archive: Archive,
  name: string,
  context: ReadContext,
): Promise<FileBytes> {
  const own = context.spill === null ? await openNamelessFile(await temporaryFolder()) : null;
  const fd = own?.fd ?? context.spill?.fd ?? -1;
  const close = async (): Promise<void> => own?.close();
  try {
    let size_bytes = 0;
    const entry = archive.members.get(name) as ArchiveMember;
    const spend = (bytes: number) => context.spend(bytes);
    for await (const piece of readMember(archive, entry, context.limits, spend)) {
      await writeWhole((...at) => writeDescriptor(fd, ...at), piece, size_bytes);
      size_bytes += piece.length;
    }
    return { fd, size_bytes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The system's module is loaded only where it is asked: a confined reader is not to have it, for it slows other processes down. */
async function temporaryFolder(): Promise<string> {
  const { tmpdir } = await import('node:os');
  return tmpdir();
}

/**
 * A write may take fewer bytes than it was given and throw nothing (a disk that fills up took 1,338 of 129,838); the next
 * one then has the disk's error.
 */
export async function writeWhole(
  write: WriteAt,
  piece: Uint8Array,
  position: number,
): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const left = piece.length - written;
    const { bytesWritten } = await write(piece, written, left, position + written);
    if (bytesWritten === 0)
      throw new Error(`the disk took none of the ${left} bytes left to write`);
    written += bytesWritten;
  }
}
