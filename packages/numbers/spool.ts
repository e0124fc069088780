import type { FileHandle } from 'node:fs/promises';
import { type FileBytes, openNamelessFile } from '@rollcall/spreadsheets';

const memoryBytesMax = 1 << 20;

/**
 * Bytes put aside: the first mebibyte in memory, all of it in a file without a name beyond that:
 * the kernel frees it with the process, however the process ends.
 *
 * Errors of the disk (full, read-only) are thrown.
 */
export class Spool {
  readonly #directory: string;
  #file: FileHandle | undefined;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #closed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The piece is kept, not copied, while it is in memory: the caller may not write to it again. */
  async append(piece: Uint8Array): Promise<void> {
    if (this.#closed) throw new Error('appended to a closed spool');
    const at = this.#bytes;
    this.#bytes += piece.byteLength;
    if (this.#file === undefined && this.#bytes <= memoryBytesMax) {
      this.#pieces.push(piece);
      return;
    }
    const file = await this.#toFile();
    await writeWhole(file, piece, at);
  }

  /** All of it as a file, for readers that ask for ranges; closed with the spool. Nothing may be appended any more. */
  async asFile(): Promise<FileBytes> {
    if (this.#closed) throw new Error('read from a closed spool');
    const { fd } = await this.#toFile();
    return { fd, size_bytes: this.#bytes, close: () => this.close() };
  }

  /** Fills `into` from `offset` on; fewer bytes only at the end. Returns how many. */
  async read(into: Uint8Array, offset: number): Promise<number> {
    if (this.#closed) throw new Error('read from a closed spool');
    if (this.#file === undefined) return copyPieces(this.#pieces, into, offset);
    let filled = 0;
    while (filled < into.byteLength) {
      const { bytesRead } = await this.#file.read(
        into,
        filled,
        into.byteLength - filled,
        offset + filled,
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async #toFile(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    this.#file = await openNamelessFile(this.#directory);
    let offset = 0;
    for (const kept of this.#pieces) offset += await writeWhole(this.#file, kept, offset);
    this.#pieces = [];
    return this.#file;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pieces = [];
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

async function writeWhole(file: FileHandle, piece: Uint8Array, offset: number): Promise<number> {
  let written = 0;
  while (written < piece.byteLength) {
    const { bytesWritten } = await file.write(
      piece,
      written,
      piece.byteLength - written,
      offset + written,
    );
    written += bytesWritten;
  }
  return written;
}

function copyPieces(pieces: readonly Uint8Array[], into: Uint8Array, offset: number): number {
  let skip = offset;
  let filled = 0;
  for (const piece of pieces) {
    if (skip >= piece.byteLength) {
      skip -= piece.byteLength;
      continue;
    }
    const part = piece.subarray(skip, skip + into.byteLength - filled);
    into.set(part, filled);
    filled += part.byteLength;
    skip = 0;
    if (filled === into.byteLength) break;
  }
  return filled;
}
