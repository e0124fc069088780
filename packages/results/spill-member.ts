import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import {
  type Archive,
  type ArchiveMember,
  type FileBytes,
  openNamelessFile,
  readMember,
} from '@rollcall/spreadsheets';
import type { ReadContext } from './read-context.ts';

/** Inflates a member into a file that has no name: only this process can read it, and nothing is left behind when the process dies. */
export async function spillMember(
  archive: Archive,
  name: string,
  context: ReadContext,
): Promise<FileBytes> {
  const handle = await openNamelessFile(context.temporaryDirectory ?? tmpdir());
  try {
    let size_bytes = 0;
    const entry = archive.members.get(name) as ArchiveMember;
    const spend = (bytes: number) => context.spend(bytes);
    for await (const piece of readMember(archive, entry, context.limits, spend)) {
      await writeWhole(handle, piece, size_bytes);
      size_bytes += piece.length;
    }
    return { fd: handle.fd, size_bytes, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * A write may take fewer bytes than it was given and throw nothing (a disk that fills up took 1,338 of 129,838); the next
 * one then has the disk's error.
 */
export async function writeWhole(
  file: Pick<FileHandle, 'write'>,
  piece: Uint8Array,
  position: number,
): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const left = piece.length - written;
    const { bytesWritten } = await file.write(piece, written, left, position + written);
    if (bytesWritten === 0)
      throw new Error(`the disk took none of the ${left} bytes left to write`);
    written += bytesWritten;
  }
}
