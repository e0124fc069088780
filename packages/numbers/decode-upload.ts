import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OriginalArchive, type OriginalEncoding } from './original-archive.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse, refuseOver } from './read-outcome.ts';
import { isGzip, isZip } from './sniff-file-kind.ts';

const magicBytes = 4;
const inflatedChunkBytes = 1 << 18;

/**
 * What readers get at a time. Never more, because they work through it without a pause: 4,000 lines that only
 * libphonenumber-js can judge take 60 ms. Not much less, because a record that goes on is scanned again from its
 * start with each chunk: in pieces of 1.4 KB a record of 14 MB took 146 s.
 */
export const chunkBytes = 1 << 14;

/**
 * The bytes as they come: counted, hashed, archived, inflated if they are gzip, and cut to chunks of 16 KiB, the last
 * one and what gzip makes of little input shorter. A refusal ends them early and is then found in `refusal`.
 */
export class UploadDecoder {
  readonly archive: OriginalArchive;
  refusal: Refusal | undefined;
  bytesReceived = 0;
  readonly #hash = createHash('sha256');
  readonly #first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;
  readonly #bytesMax: number;

  private constructor(
    first: Uint8Array,
    rest: AsyncIterator<Uint8Array>,
    bytesMax: number,
    directory: string,
  ) {
    this.#first = first;
    this.#rest = rest;
    this.#bytesMax = bytesMax;
    this.archive = new OriginalArchive(directory, encodingOf(first));
  }

  /** Reads as far as tells gzip and zip from text. */
  static async open(
    input: AsyncIterable<Uint8Array>,
    options: { readonly maxBytes: number; readonly directory: string },
  ): Promise<UploadDecoder> {
    const rest = input[Symbol.asyncIterator]();
    let first: Uint8Array = new Uint8Array();
    while (first.byteLength < magicBytes) {
      const { done, value } = await rest.next();
      if (done === true) break;
      first = first.byteLength === 0 ? value : Buffer.concat([first, value]);
    }
    return new UploadDecoder(first, rest, options.maxBytes, options.directory);
  }

  /** Of the bytes received so far; ends the hashing. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const decoded = this.archive.encoding === 'gzip' ? this.#inflate() : this.#receive();
    let bytes = 0;
    for await (const chunk of decoded) {
      bytes += chunk.byteLength;
      if (bytes > this.#bytesMax) {
        this.#refuseTooMany();
        return;
      }
      for (let at = 0; at < chunk.byteLength; at += chunkBytes) {
        yield asBuffer(chunk.subarray(at, at + chunkBytes));
      }
    }
  }

  /** Ends the input; for a refusal that comes before its chunks are asked for. */
  async endInput(): Promise<void> {
    await this.#rest.return?.();
  }

  /** In pieces of 16 KiB or more, hashed and archived: an upload may come byte by byte, and each step has its price. */
  async *#receive(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#gather()) {
      this.#hash.update(piece);
      await this.archive.write(piece);
      yield piece;
    }
  }

  async *#gather(): AsyncGenerator<Uint8Array> {
    let gathered = Buffer.allocUnsafe(chunkBytes);
    let length = 0;
    for await (const chunk of this.#count()) {
      let rest = chunk;
      if (length > 0) {
        const taken = rest.subarray(0, chunkBytes - length);
        gathered.set(taken, length);
        length += taken.byteLength;
        if (length < chunkBytes) continue;
        yield gathered;
        gathered = Buffer.allocUnsafe(chunkBytes);
        length = 0;
        rest = rest.subarray(taken.byteLength);
      }
      if (rest.byteLength >= chunkBytes) yield rest;
      else {
        gathered.set(rest);
        length = rest.byteLength;
      }
    }
    if (length > 0) yield gathered.subarray(0, length);
  }

  async *#count(): AsyncGenerator<Uint8Array> {
    try {
      let chunk = this.#first;
      for (;;) {
        this.bytesReceived += chunk.byteLength;
        if (this.bytesReceived > this.#bytesMax) {
          this.#refuseTooMany();
          return;
        }
        yield chunk;
        const next = await this.#rest.next();
        if (next.done === true) return;
        chunk = next.value;
      }
    } finally {
      await this.endInput();
    }
  }

  async *#inflate(): AsyncGenerator<Uint8Array> {
    const source = Readable.from(this.#receive(), { highWaterMark: 1 });
    const inflated = createGunzip({ chunkSize: inflatedChunkBytes });
    // The loop below sees every error; this keeps the two ends' lives together.
    pipeline(source, inflated, () => undefined);
    try {
      for await (const chunk of inflated) {
        if (!(chunk instanceof Uint8Array))
          throw new Error('gunzip gave something other than bytes');
        yield chunk;
      }
    } catch (error) {
      if (!isZlibError(error)) throw error;
      this.refusal ??= refuse(
        'bad_gzip',
        'The gzip stream is broken, or cut before its end. Compress the file again and send it whole.',
      );
    }
  }

  #refuseTooMany(): void {
    this.refusal ??= refuseOver(
      'maxBytes',
      'too_many_bytes',
      `The upload is over ${this.#bytesMax} bytes, as sent or inflated. Split it into smaller jobs.`,
    );
  }
}

function encodingOf(first: Uint8Array): OriginalEncoding {
  if (isGzip(first)) return 'gzip';
  return isZip(first) ? 'identity' : 'zstd';
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isZlibError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('Z_')
  );
}
