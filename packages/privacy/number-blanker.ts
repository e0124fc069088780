/**
 * Finds numbers in bytes of text (UTF-8, Latin-1, the XML of a workbook) and writes zeros over their digits: each stays as long as it was, so
 * that lines, cells and offsets stay where they were. Works on pieces of any size.
 */
export interface BlankerOptions {
  /** Whether these digits, without what people put between them, are the number. They are 7 to 20 characters. */
  readonly isErased: (digits: string) => boolean;
  /** A number without quotes may not begin with zeros there: it becomes 0.000… instead. */
  readonly isJson?: boolean;
}

const zero = 0x30;
const nine = 0x39;
/** What intake takes for punctuation within a number (phone-text.ts of packages/numbers), and further blanks. */
const asciiGaps = new Uint8Array(256);
for (const byte of Buffer.from(' .()/-[]~')) asciiGaps[byte] = 1;
const foreignGaps = new Set(
  Array.from(
    '\u00a0\u00ad\u2009\u200b\u2010\u2011\u2012\u2013\u2014\u2015\u202f\u2060\u2212\u3000\u30fc\uff08\uff09\uff0d\uff0e\uff0f\uff3b\uff3d',
  ).flatMap((sign) => [Buffer.from(sign).toString('latin1'), sign]),
);
/** The decimal digits beyond ASCII that intake reads, by their first byte: fullwidth, Arabic-Indic, Eastern Arabic zeros. */
const foreignZeros: ReadonlyMap<number, Buffer> = new Map(
  ['\uff10', '\u0660', '\u06f0'].map((sign) => [Buffer.from(sign)[0] ?? 0, Buffer.from(sign)]),
);
const sign_bytesMax = 3;
/** Between two digits of one number. Nobody writes more. */
const gapsMax = 16;
/** Where the runs of a rich text in a workbook meet (ECMA-376 part 1 §18.4.4): within a number as likely as anywhere. */
const betweenRuns =
  /^<\/(\w+:)?t><\/\1?r>\s*<\1?r(?: [^<>]*)?>\s*(?:<\1?rPr\/>|<\1?rPr>.*?<\/\1?rPr>)?\s*<\1?t(?: [^<>]*)?>/su;
const betweenRuns_bytesMax = 1_024;
/** The power of a number in scientific form, which may stand for zeros at its end. */
const power = /^[eE]\+?(\d{1,2})(?!\d)/;
const power_bytesMax = 5;
const digitsMin = 7;
const digitsMax = 20;
/** A run that goes on for longer than this is cut: nobody writes a number like that. */
const run_bytesMax = 4_096;

export class NumberBlanker {
  readonly #options: BlankerOptions;
  /** Digits of one run: where each begins, and what it is. */
  readonly #places: number[] = [];
  readonly #values: number[] = [];
  #rest: Buffer = Buffer.alloc(0);
  /** How many numbers were found. */
  found = 0;

  constructor(options: BlankerOptions) {
    this.#options = options;
  }

  /** The next bytes, blanked; what may go on in the piece after is kept for that. */
  push(piece: Uint8Array): Buffer {
    const bytes = Buffer.concat([this.#rest, piece]);
    const end = this.#blank(bytes, false);
    this.#rest = Buffer.from(bytes.subarray(end));
    return bytes.subarray(0, end);
  }

  end(): Buffer {
    const bytes = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#blank(bytes, true);
    return bytes;
  }

  /** Blanks what is whole; returns where the first run begins that may go on. */
  #blank(bytes: Buffer, isLast: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at] as number;
      if (!isDigit(byte) && (byte < 0x80 || !foreignZeros.has(byte))) {
        at += 1;
        continue;
      }
      const start = at;
      at = this.#readRun(bytes, start);
      const left_bytes = bytes.length - at;
      const needed_bytes =
        bytes[at] === 0x3c ? betweenRuns_bytesMax : Math.max(sign_bytesMax, power_bytesMax);
      // What follows tells whether it goes on, and whether it is JSON's bare number.
      if (left_bytes < needed_bytes && !isLast && at - start < run_bytesMax) {
        return Math.max(0, start - 1);
      }
      if (this.#places.length >= digitsMin) this.#blankRun(bytes, at);
      if (at === start) at += 1;
    }
    return bytes.length;
  }

  /** Reads digits and what is between them; returns where that ends, which is behind what is no digit too. */
  #readRun(bytes: Buffer, start: number): number {
    this.#places.length = 0;
    this.#values.length = 0;
    let gaps = 0;
    for (let at = start; ; ) {
      if (at >= bytes.length || at - start >= run_bytesMax) return at;
      const byte = bytes[at] as number;
      const foreign = isDigit(byte) ? null : foreignDigit(bytes, at);
      if (foreign === null && !isDigit(byte)) {
        const gap = this.#places.length > 0 && gaps < gapsMax ? gapAt(bytes, at) : 0;
        if (gap === 0) return at;
        gaps += 1;
        at += gap;
        continue;
      }
      this.#places.push(at);
      this.#values.push(foreign?.value ?? byte - zero);
      gaps = 0;
      at += foreign?.width ?? 1;
    }
  }

  #blankRun(bytes: Buffer, end: number): void {
    const places = this.#places;
    const digits = this.#values.join('');
    const exponent = exponentAt(bytes, end);
    for (let from = 0; from <= places.length - digitsMin; from += 1) {
      if (from > 0 && this.#isNextTo(bytes, from)) continue;
      for (let to = Math.min(places.length, from + digitsMax); to >= from + digitsMin; to -= 1) {
        if (to < places.length && this.#isNextTo(bytes, to)) continue;
        const isErased =
          this.#options.isErased(digits.slice(from, to)) ||
          (to === places.length && this.#isScientific(digits.slice(from), exponent));
        if (!isErased) continue;
        this.#write(bytes, places.slice(from, to));
        this.found += 1;
        from = to - 1;
        break;
      }
    }
  }

  /** Whether nothing is between a digit of the run and the one before. */
  #isNextTo(bytes: Buffer, index: number): boolean {
    const before = this.#places[index - 1] ?? 0;
    return before + widthAt(bytes, before) === this.#places[index];
  }

  /** Whether these digits of a scientific form, with zeros at their end or without those that are too many, are the number. */
  #isScientific(digits: string, exponent: number | null): boolean {
    if (exponent === null || exponent >= digitsMax) return false;
    const length = exponent + 1;
    if (/[1-9]/.test(digits.slice(length))) return false;
    return this.#options.isErased(digits.slice(0, length).padEnd(length, '0'));
  }

  #write(bytes: Buffer, places: readonly number[]): void {
    for (const place of places) {
      const foreign = foreignZeros.get(bytes[place] ?? 0);
      if (foreign === undefined) bytes[place] = zero;
      else foreign.copy(bytes, place);
    }
    const [first = 0, second = 0] = places;
    const before = bytes[first - 1];
    const isBare = before !== 0x22 && before !== 0x2b;
    if (this.#options.isJson === true && isBare && places.at(-1) === first + places.length - 1) {
      bytes[second] = 0x2e;
    }
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

/** A decimal digit beyond ASCII: they differ in their last byte alone. */
function foreignDigit(bytes: Buffer, at: number): { value: number; width: number } | null {
  const first = foreignZeros.get(bytes[at] ?? 0);
  if (first === undefined || at + first.length > bytes.length) return null;
  const last = first.length - 1;
  if (first.compare(bytes, at, at + last, 0, last) !== 0) return null;
  const value = (bytes[at + last] ?? 0) - (first[last] ?? 0);
  return value >= 0 && value <= 9 ? { value, width: first.length } : null;
}

const widthAt = (bytes: Buffer, at: number): number =>
  foreignZeros.get(bytes[at] ?? 0)?.length ?? 1;

/** How many bytes there are of what may stand between two digits of a number; 0: none. */
function gapAt(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (asciiGaps[byte] === 1) return 1;
  if (byte === 0x3c && bytes[at + 1] === 0x2f) {
    const tags = bytes.toString('latin1', at, at + betweenRuns_bytesMax);
    return betweenRuns.exec(tags)?.[0].length ?? 0;
  }
  if (byte < 0x80) return 0;
  for (let length = sign_bytesMax; length > 0; length -= 1) {
    if (foreignGaps.has(bytes.toString('latin1', at, at + length))) return length;
  }
  return 0;
}

/** The power behind the digits of a number in scientific form, or null. */
function exponentAt(bytes: Buffer, at: number): number | null {
  const byte = bytes[at];
  if (byte !== 0x45 && byte !== 0x65) return null;
  const found = power.exec(bytes.toString('latin1', at, at + power_bytesMax));
  return found === null ? null : Number(found[1]);
}

/**
 * How a number may be written: whole, behind the international prefix 00, with a trunk 0 behind its calling code, and as within its own country
 * where that is known.
 */
export function spellingsOfNumber(number: number, callingCode: string | null): ReadonlySet<string> {
  const text = String(number);
  const spellings = new Set([text, `00${text}`, `0${text}`]);
  for (const length of [1, 2, 3]) spellings.add(`${text.slice(0, length)}0${text.slice(length)}`);
  if (callingCode !== null && text.startsWith(callingCode)) {
    const national = text.slice(callingCode.length);
    if (national.length >= digitsMin - 1) spellings.add(`0${national}`);
    if (national.length >= digitsMin) spellings.add(national);
  }
  return spellings;
}
