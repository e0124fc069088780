import { type Verdict, verdicts } from '@rollcall/domain';

/** The words of the seed pages. Anything else is `undetermined`, never `no`. */
const seedWords: Readonly<Record<string, Verdict>> = {
  yes: 'registered',
  no: 'not_registered',
  ban: 'banned',
};

export const undetermined = verdicts.indexOf('undetermined');

/** Index of a verdict in the domain's `verdicts`, the code that batches carry. */
export function verdictCode(verdict: Verdict): number {
  return verdicts.indexOf(verdict);
}

/** Looks up verdict words in bytes, whatever their case and the blanks around them. */
export class VerdictWords {
  /** Words of up to four ASCII letters, packed into an integer: the hot path makes no string. */
  readonly #short = new Map<number, number>();
  readonly #all = new Map<string, number>();
  /** Whether one word is the beginning of another (`no`, and an account's own `no data`): a cut may then leave a word that is known. */
  readonly hasNested: boolean;

  constructor(further: Readonly<Record<string, Verdict>>) {
    for (const [word, verdict] of [...Object.entries(seedWords), ...Object.entries(further)]) {
      const bytes = Buffer.from(word.trim().toLowerCase());
      this.#all.set(bytes.toString(), verdictCode(verdict));
      const packed = pack(bytes, 0, bytes.length);
      if (packed > 0) this.#short.set(packed, verdictCode(verdict));
    }
    this.hasNested = [...this.#all.keys()].some((word) => this.isBeginning(word));
  }

  /** The verdict's code, or −1 for a word that nobody has explained (or none at all). */
  codeOf(bytes: Buffer, start: number, end: number): number {
    const packed = pack(bytes, start, end);
    if (packed > 0) {
      const code = this.#short.get(packed);
      if (code !== undefined) return code;
    }
    return this.codeOfText(bytes.toString('utf8', start, end));
  }

  codeOfText(text: string): number {
    return this.#all.get(text.trim().toLowerCase()) ?? -1;
  }

  /** Whether a known word begins with this text (nothing at all included) and is longer. */
  isBeginning(text: string): boolean {
    const lower = text.trim().toLowerCase();
    return [...this.#all.keys()].some((word) => word !== lower && word.startsWith(lower));
  }
}

/** Up to four letters, lower-cased, as one integer; 0 when there are more, fewer or others. */
function pack(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 4) return 0;
  let packed = 0;
  for (let position = start; position < end; position++) {
    const lower = (bytes[position] as number) | 0x20;
    if (lower < 0x61 || lower > 0x7a || (bytes[position] as number) < 0x41) return 0;
    packed = packed * 256 + lower;
  }
  return packed;
}
