import { start_bytes, startOf } from './digest-start.ts';
import type { NumberDigest, NumberDigests } from './number-digests.ts';

/** The first `start_bytes` of many digests under one secret, one behind the other. */
export interface PackedDigests {
  readonly secretId: string;
  readonly starts: Buffer;
}

/**
 * Digests of one list, in memory, to ask of millions of numbers which of them may be in it. Of each digest 52 bits are kept, in a table of
 * twice the size: 16 to 32 bytes an entry. What it finds has to be looked up by the whole digest: of 10,000,000 numbers asked against
 * 1,000,000 entries it is one by mistake in about 500 times.
 */
export class DigestSet {
  readonly #tables: ReadonlyMap<string, OpenTable>;

  constructor(entries: Iterable<NumberDigest | PackedDigests>) {
    const starts = new Map<string, number[]>();
    for (const entry of entries) {
      const ofSecret = starts.get(entry.secretId) ?? [];
      starts.set(entry.secretId, ofSecret);
      if ('digest' in entry) ofSecret.push(startOf(entry.digest));
      else {
        for (let at = 0; at < entry.starts.length; at += start_bytes)
          ofSecret.push(startOf(entry.starts, at));
      }
    }
    this.#tables = new Map([...starts].map(([id, each]) => [id, new OpenTable(each)]));
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  /** The secrets that its digests are under. */
  get secretIds(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** The places of numbers that may be in it; `startsUnder` gives the starts of all of the numbers under one of its secrets. */
  placesOf(startsUnder: (secretId: string) => Float64Array): readonly number[] {
    const places = new Set<number>();
    for (const [id, table] of this.#tables) {
      for (const [place, start] of startsUnder(id).entries()) {
        if (table.has(start)) places.add(place);
      }
    }
    return [...places].toSorted((a, b) => a - b);
  }

  /** Tells of one number after the other whether it may be one of them. Throws where a secret of theirs is not configured. */
  asker(digests: NumberDigests): (number: number) => boolean {
    const looks = [...this.#tables].map(([id, table]) => ({ start: digests.starts(id), table }));
    return (number) => looks.some(({ start, table }) => table.has(start(number)));
  }
}

class OpenTable {
  readonly #slots: Float64Array;
  readonly #mask: number;

  constructor(starts: readonly number[]) {
    let size = 8;
    while (size < starts.length * 2) size *= 2;
    this.#slots = new Float64Array(size).fill(-1);
    this.#mask = size - 1;
    for (const start of starts) this.#slots[this.#slotOf(start)] = start;
  }

  has(start: number): boolean {
    return this.#slots[this.#slotOf(start)] === start;
  }

  /** Where it is, or where it would be put. */
  #slotOf(start: number): number {
    let slot = start % (this.#mask + 1);
    while (this.#slots[slot] !== -1 && this.#slots[slot] !== start) slot = (slot + 1) & this.#mask;
    return slot;
  }
}
