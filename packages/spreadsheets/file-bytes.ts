import { fstat as fstatCallback, read as readCallback } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

const readDescriptor = promisify(readCallback);
const statDescriptor = promisify(fstatCallback);

/** A file to read: by path, or by a descriptor that stays the caller's to close (an unlinked temporary file). */
export type SpreadsheetFile = { readonly path: string } | { readonly fd: number };

/** Random access to a file's bytes. Positions are explicit, so the descriptor's own offset is neither used nor moved. */
export interface FileBytes {
  readonly fd: number;
  readonly size_bytes: number;
  close(): Promise<void>;
}

export async function openFileBytes(file: SpreadsheetFile): Promise<FileBytes> {
  if ('fd' in file) {
    const { size } = await statDescriptor(file.fd);
    return { fd: file.fd, size_bytes: size, close: async () => {} };
  }
  const handle = await open(file.path, 'r');
  const { size } = await handle.stat();
  return { fd: handle.fd, size_bytes: size, close: () => handle.close() };
}

/** Reads exactly the asked range, or up to the end of the file. */
export async function readRange(fd: number, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readDescriptor(fd, buffer, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

const piece_bytes = 131_072;

/** The range's bytes in pieces; ends early where the file does. */
export async function* readPieces(
  fd: number,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  for (let position = start; position < end; ) {
    const piece = await readRange(fd, position, Math.min(piece_bytes, end - position));
    if (piece.length === 0) return;
    yield piece;
    position += piece.length;
  }
}
