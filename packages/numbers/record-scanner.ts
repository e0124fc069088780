import { decodeText } from './decode-text.ts';

const quote = 0x22;
const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** What {@link RecordScanner.scan} answers instead of a position. */
export const scanOutcome = {
  /** The record goes on after these bytes. */
  incomplete: -1,
  /** It goes on, and is inside quotes. */
  incompleteInQuotes: -2,
  /** A closing quote is followed by something other than a separator or the record's end. */
  textAfterQuote: -3,
} as const;

/**
 * Finds one record's cells in bytes, by RFC 4180: a quote at a cell's start (spaces before it allowed)
 * opens it, `""` is a quote inside, separators and newlines inside quotes are text; a quote elsewhere is
 * an ordinary character. A record ends at LF, CR or both. The cells of the last record scanned are kept
 * here as positions, so that a row costs no allocation.
 */
export class RecordScanner {
  readonly #separator: number;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #doubled: boolean[] = [];
  cellCount = 0;

  constructor(separator: number) {
    this.#separator = separator;
  }

  /**
   * Scans the record that starts at `from`. Returns where the next one starts (its line end included), or
   * a {@link scanOutcome}. `last` says that nothing follows these bytes.
   */
  scan(bytes: Buffer, from: number, last: boolean): number {
    this.cellCount = 0;
    let at = from;
    for (;;) {
      const open = skipSpaces(bytes, at);
      const quoted = bytes[open] === quote;
      const after = quoted ? this.#scanQuoted(bytes, open + 1, last) : this.#scanPlain(bytes, at);
      if (after < 0) return after;
      if (after >= bytes.length) return last ? after : scanOutcome.incomplete;
      const byte = bytes[after];
      at = after + 1;
      if (byte === this.#separator) continue;
      if (byte === lineFeed) return at;
      if (byte === carriageReturn) return bytes[at] === lineFeed ? at + 1 : at;
      return scanOutcome.textAfterQuote;
    }
  }

  isBlank(bytes: Buffer): boolean {
    for (let cell = 0; cell < this.cellCount; cell += 1) {
      const end = this.end(cell);
      for (let at = this.start(cell); at < end; at += 1) {
        const byte = bytes[at] ?? 0;
        if (byte > space || byte === 0) return false;
      }
    }
    return true;
  }

  start(cell: number): number {
    return this.#starts[cell] ?? 0;
  }

  end(cell: number): number {
    return this.#ends[cell] ?? 0;
  }

  /** Whether the cell's bytes hold doubled quotes, so that they are not its text as they stand. */
  hasDoubledQuotes(cell: number): boolean {
    return this.#doubled[cell] ?? false;
  }

  text(bytes: Buffer, cell: number): string {
    const text = decodeText(bytes, this.start(cell), this.end(cell));
    return this.hasDoubledQuotes(cell) ? text.replaceAll('""', '"') : text;
  }

  /** Every cell's text. */
  texts(bytes: Buffer): string[] {
    return Array.from({ length: this.cellCount }, (_, cell) => this.text(bytes, cell));
  }

  #scanPlain(bytes: Buffer, from: number): number {
    const separator = this.#separator;
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === separator || byte === lineFeed || byte === carriageReturn) break;
    }
    this.#keep(from, at, false);
    return at;
  }

  /** `from` is after the opening quote. Returns the position after the closing one and spaces. */
  #scanQuoted(bytes: Buffer, from: number, last: boolean): number {
    let doubled = false;
    for (let at = from; ; at += 2) {
      at = bytes.indexOf(quote, at);
      if (at < 0) return scanOutcome.incompleteInQuotes;
      if (at + 1 === bytes.length && !last) return scanOutcome.incomplete;
      if (bytes[at + 1] === quote) {
        doubled = true;
        continue;
      }
      this.#keep(from, at, doubled);
      return skipSpaces(bytes, at + 1);
    }
  }

  #keep(start: number, end: number, doubled: boolean): void {
    this.#starts[this.cellCount] = start;
    this.#ends[this.cellCount] = end;
    this.#doubled[this.cellCount] = doubled;
    this.cellCount += 1;
  }
}

function skipSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === space) at += 1;
  return at;
}
