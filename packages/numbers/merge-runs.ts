import type { Spool } from './spool.ts';

// In numbers, shared by all runs: 4 MiB however many there are.
const buffersLengthTotal = 1 << 19;
const bufferLengthMin = 512;
const outputLength = 1 << 16;
const bytesPerNumber = Float64Array.BYTES_PER_ELEMENT;

/** A sorted run within the spool, read a buffer at a time. */
class RunReader {
  head: number;
  readonly #runs: Spool;
  readonly #buffer: Float64Array;
  #offset: number;
  #left: number;
  #filled = 0;
  #at = 0;

  constructor(runs: Spool, firstNumber: number, length: number, bufferLength: number) {
    this.#runs = runs;
    this.#buffer = new Float64Array(Math.min(bufferLength, length));
    this.#offset = firstNumber * bytesPerNumber;
    this.#left = length;
    this.head = Number.POSITIVE_INFINITY;
  }

  /** Moves to the next number within the buffer; false when the buffer has to be filled first. */
  advance(): boolean {
    if (this.#at >= this.#filled) return false;
    this.head = this.#buffer[this.#at] ?? Number.POSITIVE_INFINITY;
    this.#at += 1;
    return true;
  }

  /** Reads on, and moves to the next number; false at the run's end. */
  async fill(): Promise<boolean> {
    const length = Math.min(this.#left, this.#buffer.length);
    if (length === 0) return false;
    const bytes = new Uint8Array(this.#buffer.buffer, 0, length * bytesPerNumber);
    const read = await this.#runs.read(bytes, this.#offset);
    if (read !== bytes.byteLength) throw new Error('a sorted run ended before its length');
    this.#offset += read;
    this.#left -= length;
    this.#filled = length;
    this.#at = 0;
    return this.advance();
  }
}

/**
 * Merges sorted runs into ascending distinct batches. Each batch is the writer's own to keep. Returns how many numbers
 * it left out because another run had them.
 * Memory: 4 MiB of buffers and one batch, up to 1,000 runs (260 M numbers).
 */
export async function mergeRuns(
  runs: Spool,
  runLengths: readonly number[],
  write: (batch: Float64Array) => Promise<void>,
): Promise<number> {
  const heap: RunReader[] = [];
  const bufferLength = Math.max(
    bufferLengthMin,
    Math.floor(buffersLengthTotal / Math.max(1, runLengths.length)),
  );
  let first = 0;
  for (const length of runLengths) {
    const reader = new RunReader(runs, first, length, bufferLength);
    first += length;
    if (await reader.fill()) heap.push(reader);
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at -= 1) sink(heap, at);
  let output = new Float64Array(outputLength);
  let length = 0;
  let previous = Number.NEGATIVE_INFINITY;
  let duplicates = 0;
  for (let least = heap[0]; least !== undefined; least = heap[0]) {
    const { head } = least;
    if (head !== previous) {
      previous = head;
      output[length] = head;
      length += 1;
      if (length === outputLength) {
        await write(output);
        output = new Float64Array(outputLength);
        length = 0;
      }
    } else duplicates += 1;
    if (!least.advance() && !(await least.fill())) {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) break;
      if (last !== least) heap[0] = last;
    }
    sink(heap, 0);
  }
  if (length > 0) await write(output.subarray(0, length));
  return duplicates;
}

/** Restores the heap (least head on top) below a reader whose head has grown. */
function sink(heap: RunReader[], from: number): void {
  const moving = heap[from];
  if (moving === undefined) return;
  let at = from;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const rightIsLess = right !== undefined && right.head < left.head;
    const child = rightIsLess ? right : left;
    if (child.head >= moving.head) break;
    heap[at] = child;
    at = 2 * at + (rightIsLess ? 2 : 1);
  }
  heap[at] = moving;
}
