import { readNumbersPage } from '@rollcall/db';
import type { ExportSource } from './export-source.ts';
import { NumberRanks } from './number-ranks.ts';

const pageNumbers = 50_000;

/**
 * Tells the first line with a number from those that repeat it, in memory that is bounded: a bit for each number of the job, under
 * its rank among them. For 10 M numbers 1.25 MB, and what {@link NumberRanks} takes.
 */
export class FirstOccurrences {
  readonly #ranks: NumberRanks;
  readonly #seen: Uint8Array;

  private constructor(ranks: NumberRanks) {
    this.#ranks = ranks;
    this.#seen = new Uint8Array(Math.ceil(ranks.count / 8));
  }

  /** Reads the job's numbers. */
  static async of({ database, job, signal }: ExportSource): Promise<FirstOccurrences> {
    const ranks = new NumberRanks();
    for (let after = 0; ; ) {
      signal.throwIfAborted();
      const numbers = await readNumbersPage(database, job, { after, limit: pageNumbers });
      for (const number of numbers) ranks.add(number);
      const last = numbers.at(-1);
      if (last === undefined || numbers.length < pageNumbers) break;
      after = last;
    }
    return new FirstOccurrences(ranks);
  }

  /** Whether the job has this number. */
  has(number: number): boolean {
    return this.#ranks.rankOf(number) >= 0;
  }

  /** Whether this is the first time; a number that the job does not have is an error, since it was read from its upload. */
  take(number: number): boolean {
    const rank = this.#ranks.rankOf(number);
    if (rank < 0) throw new Error('the upload holds a number that the job does not have');
    const bit = 1 << (rank & 7);
    const byte = this.#seen[rank >>> 3] ?? 0;
    this.#seen[rank >>> 3] = byte | bit;
    return (byte & bit) === 0;
  }
}
