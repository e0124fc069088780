/** A confined program's words. */
export type Frame =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly bytes: Buffer };

const head_bytes = 4;
/** A message is a batch of rows, of some 5 MB at most. */
const frameMax_bytes = 33_554_432;
const kinds = ['message', 'ended', 'failed'] as const;

/** What a stranger's file made of the other side is not what we wrote. */
export class BrokenFrame extends Error {
  constructor() {
    super('a confined process said what its program does not');
    this.name = 'BrokenFrame';
  }
}

/** Bytes in, frames out (inside/run-program.ts lays them out). Holds one frame at a time. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #held = 0;
  #wanted = head_bytes;
  #isInFrame = false;

  /** Whether nothing of a further frame is there. */
  get isBetween(): boolean {
    return this.#held === 0 && !this.#isInFrame;
  }

  *read(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    while (this.#held >= this.#wanted) {
      const bytes = this.#take(this.#wanted);
      if (this.#isInFrame) {
        this.#isInFrame = false;
        this.#wanted = head_bytes;
        yield asFrame(bytes);
      } else {
        this.#wanted = bytes.readUInt32LE();
        if (this.#wanted === 0 || this.#wanted > frameMax_bytes) throw new BrokenFrame();
        this.#isInFrame = true;
      }
    }
  }

  #take(length: number): Buffer {
    const all = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    if (all === undefined) throw new BrokenFrame();
    this.#pieces = [all.subarray(length)];
    this.#held -= length;
    return all.subarray(0, length);
  }
}

function asFrame(bytes: Buffer): Frame {
  const kind = kinds[bytes[0] ?? -1];
  if (kind === undefined) throw new BrokenFrame();
  return kind === 'ended' ? { kind } : { kind, bytes: bytes.subarray(1) };
}

/** For the way in: no kind, since requests are all that is said there. */
export function inFrame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(head_bytes);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, bytes]);
}
