import { once } from 'node:events';
import { constants, createZstdCompress } from 'node:zlib';
import type { FileBytes } from '@rollcall/spreadsheets';
import { Spool } from './spool.ts';

const pieceBytes = 1 << 16;
// Level 1 takes 1.4 s of a pool thread for 10 M numbers (139 MB to 47); level 3 takes twice that and packs digits worse.
const compressionLevel = 1;

/** `identity`: a zip, which is compressed already. */
export type OriginalEncoding = 'zstd' | 'gzip' | 'identity';

/** Keeps the upload: a gzip or zip one as it comes, any other compressed with zstd. */
export class OriginalArchive {
  readonly encoding: OriginalEncoding;
  readonly #spool: Spool;
  readonly #compressor: ReturnType<typeof createZstdCompress> | undefined;
  readonly #compressed: Promise<void>;

  constructor(directory: string, encoding: OriginalEncoding) {
    this.encoding = encoding;
    this.#spool = new Spool(directory);
    this.#compressor =
      encoding === 'zstd'
        ? createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } })
        : undefined;
    this.#compressed = this.#collect();
    // Seen by whoever writes or finishes next; until then it is nobody's unhandled rejection.
    this.#compressed.catch(() => undefined);
  }

  /** The chunk is kept for a while, not copied: nobody may write to it again. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#compressor === undefined) return this.#spool.append(chunk);
    if (this.#compressor.write(chunk)) return;
    // A disk that fills up ends the collecting, and then there is no drain to wait for.
    await Promise.race([once(this.#compressor, 'drain'), this.#compressed]);
  }

  async finish(): Promise<void> {
    this.#compressor?.end();
    await this.#compressed;
  }

  /** For random access, once it is finished; closed with the archive. */
  async asFile(): Promise<FileBytes> {
    return await this.#spool.asFile();
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < this.#spool.bytes; offset += pieceBytes) {
      const piece = new Uint8Array(Math.min(pieceBytes, this.#spool.bytes - offset));
      await this.#spool.read(piece, offset);
      yield piece;
    }
  }

  async close(): Promise<void> {
    this.#compressor?.destroy();
    await this.#compressed.catch(() => undefined);
    await this.#spool.close();
  }

  async #collect(): Promise<void> {
    if (this.#compressor === undefined) return;
    for await (const piece of this.#compressor) {
      if (!(piece instanceof Uint8Array)) throw new Error('zstd gave something other than bytes');
      await this.#spool.append(piece);
    }
  }
}
