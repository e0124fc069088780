import { mergeRuns } from './merge-runs.ts';
import { sortNumbers } from './sort-numbers.ts';
import { Spool } from './spool.ts';

// 2 MiB a run: sorting one holds the event loop for about 20 ms, and 10 M numbers make 40 runs.
const runLength = 1 << 18;
const bytesPerNumber = Float64Array.BYTES_PER_ELEMENT;
const batchLength = 1 << 16;

/** Sorted distinct numbers, to be read any number of times. */
export interface SortedNumbers {
  readonly distinct: number;
  /** Numbers that were left out because they were there already: counted one by one, never inferred. */
  readonly duplicates: number;
  readonly batches: () => AsyncIterable<Float64Array>;
  readonly close: () => Promise<void>;
}

/**
 * Sorts numbers of any count in bounded memory: runs are sorted in memory, put aside on disk, and merged.
 * `add` is synchronous, for the hot loop; `settle` must be awaited every few hundred kilobytes of input, to
 * write down the runs that have filled meanwhile.
 */
export class NumberSorter {
  readonly #directory: string;
  readonly #runs: Spool;
  readonly #runLengths: number[] = [];
  #full: Float64Array[] = [];
  #current = new Float64Array(1024);
  #scratch = new Float64Array();
  #length = 0;
  #duplicates = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#runs = new Spool(directory);
  }

  add(number: number): void {
    if (this.#length === this.#current.length) this.#makeRoom();
    this.#current[this.#length] = number;
    this.#length += 1;
  }

  async settle(): Promise<void> {
    while (this.#full.length > 0) {
      const run = this.#sortDistinct(this.#full.shift() ?? new Float64Array());
      this.#runLengths.push(run.length);
      await this.#runs.append(asBytes(run));
    }
  }

  /** Ends the adding. The sorter's files live on in what this returns, and are closed with it. */
  async finish(): Promise<SortedNumbers> {
    const last = this.#current.subarray(0, this.#length);
    if (this.#runLengths.length === 0 && this.#full.length === 0)
      return inMemory(this.#sortDistinct(last), this.#duplicates);
    this.#full.push(last);
    await this.settle();
    this.#current = new Float64Array();
    this.#scratch = new Float64Array();
    const merged = new Spool(this.#directory);
    let acrossRuns: number;
    try {
      acrossRuns = await mergeRuns(this.#runs, this.#runLengths, (batch) =>
        merged.append(asBytes(batch)),
      );
    } catch (error) {
      await merged.close();
      throw error;
    }
    await this.#runs.close();
    return onDisk(merged, this.#duplicates + acrossRuns);
  }

  async close(): Promise<void> {
    this.#full = [];
    this.#current = new Float64Array();
    this.#scratch = new Float64Array();
    await this.#runs.close();
  }

  /** Sorts in place; the result is a view of the start of the same memory. */
  #sortDistinct(numbers: Float64Array): Float64Array {
    if (this.#scratch.length < numbers.length) this.#scratch = new Float64Array(numbers.length);
    sortNumbers(numbers, this.#scratch);
    let kept = 0;
    for (let at = 0; at < numbers.length; at += 1) {
      const number = numbers[at] ?? 0;
      if (at === 0 || number !== numbers[kept - 1]) {
        numbers[kept] = number;
        kept += 1;
      } else this.#duplicates += 1;
    }
    return numbers.subarray(0, kept);
  }

  #makeRoom(): void {
    if (this.#length < runLength) {
      const larger = new Float64Array(Math.min(runLength, this.#length * 4));
      larger.set(this.#current);
      this.#current = larger;
      return;
    }
    this.#full.push(this.#current);
    this.#current = new Float64Array(runLength);
    this.#length = 0;
  }
}

function asBytes(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function inMemory(numbers: Float64Array, duplicates: number): SortedNumbers {
  let held: Float64Array | undefined = numbers;
  return {
    distinct: numbers.length,
    duplicates,
    async *batches() {
      if (held === undefined) throw new Error('read from a closed intake');
      for (let at = 0; at < held.length; at += batchLength) yield held.slice(at, at + batchLength);
    },
    close: () => {
      held = undefined;
      return Promise.resolve();
    },
  };
}

function onDisk(merged: Spool, duplicates: number): SortedNumbers {
  return {
    distinct: merged.bytes / bytesPerNumber,
    duplicates,
    async *batches() {
      for (let offset = 0; offset < merged.bytes; offset += batchLength * bytesPerNumber) {
        const length = Math.min(batchLength, (merged.bytes - offset) / bytesPerNumber);
        const batch = new Float64Array(length);
        await merged.read(asBytes(batch), offset);
        yield batch;
      }
    },
    close: () => merged.close(),
  };
}
