/**
 * A result file as no honest provider sends it, made by code, the same bytes each time. What is here is what `docs/hostile-files.md` lists, and
 * a worker's ingest is run over each.
 */
export interface HostileFile {
  readonly name: string;
  /** What is wrong with it, for people. */
  readonly what: string;
  /** What the chunk is held for; or what its numbers come to, where the file is an answer for all that. */
  readonly ends: { readonly held: string } | { readonly done: Readonly<Record<string, number>> };
  /** @param numbers those of the chunk, ascending, as digits */
  make(numbers: readonly string[]): Buffer | Promise<Buffer>;
}

/** Numbers of the chunk that a hostile file is said to answer. */
export const hostileChunk_numbers = 40;

export const header = 'number,telegram\n';

/** An honest csv: every second number is registered. */
export function honestRows(numbers: readonly string[]): string[] {
  return numbers.map((number, index) => `${number},${index % 2 === 0 ? 'yes' : 'no'}\n`);
}

export function honestCsv(numbers: readonly string[]): string {
  return header + honestRows(numbers).join('');
}

/** What an honest file comes to. */
export const honestEnd = { done: { registered: 20, not_registered: 20 } } as const;
