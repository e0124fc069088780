import type { AuditEntry } from '@rollcall/db';

/** A row of the audit trail without its count. */
export type Told = Omit<AuditEntry, 'counts'>;

/**
 * Counts what happens too often to be told one by one, by what its rows have in common. Only so many are told apart; those that come once
 * it is full are counted under what `othersOf` makes of them, so that nobody can fill the memory.
 */
export class Tally {
  readonly #unit: string;
  readonly #apartMax: number;
  readonly #othersOf: (entry: Told) => Told | null;
  #counted = new Map<string, { readonly entry: Told; count: number }>();

  constructor(unit: string, apartMax: number, othersOf: (entry: Told) => Told | null) {
    this.#unit = unit;
    this.#apartMax = apartMax;
    this.#othersOf = othersOf;
  }

  /** False where it was counted under others. */
  count(entry: Told, by = 1): boolean {
    const apart = this.#add(entry, by, this.#counted.size < this.#apartMax);
    const others = apart ? null : this.#othersOf(entry);
    // There are as few of these as there are reasons.
    if (others) this.#add(others, by, true);
    return apart;
  }

  #add(entry: Told, by: number, mayBeNew: boolean): boolean {
    const key = keyOf(entry);
    const known = this.#counted.get(key);
    if (known) known.count += by;
    else if (mayBeNew) this.#counted.set(key, { entry, count: by });
    return known !== undefined || mayBeNew;
  }

  /** Takes out what is to be told, and begins anew. */
  take(): readonly AuditEntry[] {
    const taken = [...this.#counted.values()].filter(({ count }) => count > 0);
    this.#counted = new Map();
    return taken.map(({ entry, count }) => ({ ...entry, counts: { [this.#unit]: count } }));
  }

  /** Counts again what was taken and could not be told. */
  putBack(entries: readonly AuditEntry[]): void {
    for (const { counts, ...entry } of entries) this.count(entry, counts?.[this.#unit]);
  }

  /** Whether the like was counted since the last `take`. */
  has(entry: Told): boolean {
    return this.#counted.has(keyOf(entry));
  }
}

/** What rows that are counted together have in common; of what else they say, the first one's stands. */
function keyOf({ tenantId, actor, action, subject, detail }: Told): string {
  return JSON.stringify([tenantId, actor, action, subject, detail?.['reason'], detail?.['what']]);
}
