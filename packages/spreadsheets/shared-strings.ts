import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookLimits } from './workbook-limits.ts';
import { decodeEntities, hasReference } from './xml-text.ts';
import { localNameIs, type XmlConsumer } from './xml-tokenizer.ts';

const block_bytes = 1_048_576;

/**
 * The strings of a workbook as bytes in blocks: a million numbers take 14 MB this way and ten times that as JS strings.
 * No string crosses a block's end, so that each can be read in place.
 */
export class SharedStrings {
  count = 0;
  readonly #blocks: Buffer[] = [];
  #used = 0;
  /** Start and end of each string, counted over all blocks. */
  #starts = new Uint32Array(1024);
  #ends = new Uint32Array(1024);
  readonly #limits: WorkbookLimits;

  constructor(limits: WorkbookLimits) {
    this.#limits = limits;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const { maxCellBytes, maxSharedStringBytes, maxSharedStrings } = this.#limits;
    if (length > maxCellBytes) {
      throw new UnreadableWorkbook(
        'cell_too_large',
        `a shared string of more than ${maxCellBytes} bytes`,
      );
    }
    if (this.count === maxSharedStrings) {
      throw new UnreadableWorkbook('too_large', `more than ${maxSharedStrings} shared strings`);
    }
    if (this.#blocks.length === 0 || this.#used + length > block_bytes) {
      if ((this.#blocks.length + 1) * block_bytes > maxSharedStringBytes) {
        const message = `more than ${maxSharedStringBytes} bytes of shared strings`;
        throw new UnreadableWorkbook('too_large', message);
      }
      this.#blocks.push(Buffer.allocUnsafe(block_bytes));
      this.#used = 0;
    }
    if (this.count === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    const block = this.#blocks.length - 1;
    (this.#blocks[block] as Buffer).set(bytes.subarray(start, end), this.#used);
    this.#starts[this.count] = block * block_bytes + this.#used;
    this.#used += length;
    this.#ends[this.count] = block * block_bytes + this.#used;
    this.count++;
  }

  /** Hands a string's bytes on, in place. */
  read<Result>(index: number, use: (bytes: Buffer, start: number, end: number) => Result): Result {
    const first = this.#starts[index] as number;
    const block = Math.floor(first / block_bytes);
    const base = block * block_bytes;
    return use(this.#blocks[block] as Buffer, first - base, (this.#ends[index] as number) - base);
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Reads `sharedStrings.xml`: the runs of a rich text are joined, phonetic hints (`rPh`) are left out. */
export class SharedStringsConsumer implements XmlConsumer {
  readonly strings: SharedStrings;
  isClosed = false;
  readonly #maxCellBytes: number;
  #isInItem = false;
  #isInText = false;
  #isInPhonetic = false;
  #isInRun = false;
  /** The item was a single plain text and has been added in place. */
  #isAdded = false;
  #joined = '';

  constructor(limits: WorkbookLimits) {
    this.strings = new SharedStrings(limits);
    this.#maxCellBytes = limits.maxCellBytes;
  }

  open(bytes: Buffer, nameStart: number, nameEnd: number): void {
    if (localNameIs(bytes, nameStart, nameEnd, 't')) {
      this.#isInText = this.#isInItem && !this.#isInPhonetic;
    } else if (localNameIs(bytes, nameStart, nameEnd, 'si')) {
      this.#isInItem = true;
      this.#isAdded = false;
      this.#joined = '';
    } else if (localNameIs(bytes, nameStart, nameEnd, 'r')) this.#isInRun = true;
    else if (localNameIs(bytes, nameStart, nameEnd, 'rPh')) this.#isInPhonetic = true;
  }

  text(bytes: Buffer, start: number, end: number, beforeClose: boolean, isRaw: boolean): void {
    if (!this.#isInText) return;
    const isPlain = beforeClose && !isRaw && !this.#isInRun && this.#joined === '';
    if (isPlain && !this.#isAdded && !hasReference(bytes, start, end)) {
      this.strings.add(bytes, start, end);
      this.#isAdded = true;
      return;
    }
    const text = bytes.toString('utf8', start, end);
    this.#joined += isRaw ? text : decodeEntities(text);
    if (this.#joined.length > this.#maxCellBytes) {
      const message = `a shared string of more than ${this.#maxCellBytes} bytes`;
      throw new UnreadableWorkbook('cell_too_large', message);
    }
  }

  close(bytes: Buffer, nameStart: number, nameEnd: number): void {
    if (localNameIs(bytes, nameStart, nameEnd, 't')) this.#isInText = false;
    else if (localNameIs(bytes, nameStart, nameEnd, 'si')) {
      this.#isInItem = false;
      if (this.#isAdded) return;
      const content = Buffer.from(this.#joined);
      this.strings.add(content, 0, content.length);
    } else if (localNameIs(bytes, nameStart, nameEnd, 'r')) this.#isInRun = false;
    else if (localNameIs(bytes, nameStart, nameEnd, 'rPh')) this.#isInPhonetic = false;
    else if (localNameIs(bytes, nameStart, nameEnd, 'sst')) this.isClosed = true;
  }
}
