import {
  type Outcome,
  type OutcomeCounts,
  type ResultSemantics,
  type Verdict,
  verdicts,
} from './outcome.ts';

/**
 * Joins the rows of a result file to the numbers of a chunk. Every number of the chunk ends with exactly one outcome;
 * rows that are not answers to what was asked are set aside.
 */

const unseen = 0;
const contradictory = 255;
const listLimit = 10_000;

export interface SetAside {
  readonly number: number;
  readonly kind: 'foreign' | 'contradictory';
  readonly verdicts: readonly Verdict[];
}

export interface ReconciliationCounts {
  readonly rows: number;
  readonly matched: number;
  readonly missing: number;
  readonly foreign: number;
  readonly doubled: number;
  readonly contradictory: number;
  /** Rows of numbers that were erased since they were sent: neither foreign nor an answer. Absent: none. */
  readonly erased?: number;
}

export class Reconciliation {
  readonly #numbers: Float64Array;
  readonly #seen: Uint8Array;
  readonly #attributes = new Map<number, Readonly<Record<string, string>>>();
  readonly #foreign = new Map<number, Set<Verdict>>();
  readonly #contradictions = new Map<number, Set<Verdict>>();
  #rows = 0;
  #foreignRows = 0;
  #doubled = 0;
  #cursor = 0;
  #erasedRows = 0;
  readonly #isErased: ((number: number) => boolean) | null;

  /** `numbers`: the chunk's numbers, ascending and distinct. `isErased`: of any other, whether it was one and has been erased. */
  constructor(numbers: Float64Array, isErased: ((number: number) => boolean) | null = null) {
    this.#isErased = isErased;
    this.#numbers = numbers;
    this.#seen = new Uint8Array(numbers.length);
  }

  /** Takes one row of the file. */
  add(number: number, verdict: Verdict, attributes: Readonly<Record<string, string>> | null): void {
    this.#rows += 1;
    const index = this.#find(number);
    if (index < 0) {
      if (this.#isErased?.(number)) {
        this.#erasedRows += 1;
        return;
      }
      this.#foreignRows += 1;
      if (this.#foreign.size < listLimit || this.#foreign.has(number))
        note(this.#foreign, number, verdict);
      return;
    }
    const code = verdicts.indexOf(verdict) + 1;
    const before = this.#seen[index];
    if (before === unseen) {
      this.#seen[index] = code;
      if (attributes !== null) this.#attributes.set(index, attributes);
      return;
    }
    this.#doubled += 1;
    if (before === code) return;
    if (before !== contradictory)
      note(this.#contradictions, number, verdicts[(before ?? 1) - 1] ?? 'undetermined');
    note(this.#contradictions, number, verdict);
    this.#seen[index] = contradictory;
    this.#attributes.delete(index);
  }

  counts(): ReconciliationCounts {
    let matched = 0;
    for (const code of this.#seen) if (code !== unseen) matched += 1;
    return {
      rows: this.#rows,
      matched,
      missing: this.#numbers.length - matched,
      foreign: this.#foreignRows,
      doubled: this.#doubled,
      contradictory: this.#contradictions.size,
      ...(this.#erasedRows > 0 && { erased: this.#erasedRows }),
    };
  }

  /** The outcome of the number at `index`: contradictory rows are `undetermined`; no row depends on what the file is. */
  outcomeAt(index: number, semantics: ResultSemantics): Outcome {
    const code = this.#seen[index] ?? unseen;
    if (code === contradictory) return 'undetermined';
    if (code !== unseen) return verdicts[code - 1] ?? 'undetermined';
    return absentMeans(semantics);
  }

  attributesAt(index: number): Readonly<Record<string, string>> | null {
    return this.#attributes.get(index) ?? null;
  }

  outcomeCounts(semantics: ResultSemantics): OutcomeCounts {
    const counts: Partial<Record<Outcome, number>> = {};
    for (let index = 0; index < this.#numbers.length; index += 1) {
      const outcome = this.outcomeAt(index, semantics);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return counts;
  }

  /** Rows for the quarantine, at most 10,000 of a kind. */
  *setAside(): Generator<SetAside> {
    for (const [number, seen] of this.#foreign)
      yield { number, kind: 'foreign', verdicts: [...seen] };
    let listed = 0;
    for (const [number, seen] of this.#contradictions) {
      if (listed === listLimit) return;
      listed += 1;
      yield { number, kind: 'contradictory', verdicts: [...seen] };
    }
  }

  /** Files are mostly in the order that we sent, so the next number is looked for first where the last one was. */
  #find(number: number): number {
    if (this.#numbers[this.#cursor] === number) return this.#cursor++;
    let low = 0;
    let high = this.#numbers.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#numbers[middle] ?? 0;
      if (candidate === number) {
        this.#cursor = middle + 1;
        return middle;
      }
      if (candidate < number) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** Where a file lists only one kind of number, absence is an answer. In a table it is not. */
export function absentMeans(semantics: ResultSemantics): Outcome {
  switch (semantics) {
    case 'table':
      return 'missing';
    case 'positives_only':
      return 'not_registered';
    case 'negatives_only':
      return 'registered';
  }
}

function note(map: Map<number, Set<Verdict>>, number: number, verdict: Verdict): void {
  const seen = map.get(number);
  if (seen) seen.add(verdict);
  else map.set(number, new Set([verdict]));
}
