const newline = 10;
const carriageReturn = 13;
const tab = 9;
const space = 32;
const plus = 43;
const zero = 48;
const nine = 57;

/** What an upload held once the vendor has cleaned it. */
export interface CollectedNumbers {
  /** Distinct valid numbers, ascending. E.164 has at most 15 digits, below 2^53, so a double holds each exactly. */
  numbers: Float64Array;
  /** Non-blank lines; lines = numbers + duplicates + invalid. */
  lines: number;
  duplicates: number;
  invalid: number;
}

/**
 * Reads an uploaded list as it streams by, one number a line, at 8 bytes a number. Valid is an optional `+`, then 7 to 15
 * digits that do not begin with 0, with blanks around it ignored; every other non-blank line (a byte-order mark makes one
 * of the first) is invalid and dropped, as the vendors do before they count.
 */
export class NumberCollector {
  #numbers = new Float64Array(1024);
  #count = 0;
  #lines = 0;
  #invalid = 0;
  #value = 0;
  #digits = 0;
  #blank = true;
  #signed = false;
  #ended = false;
  #bad = false;

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte >= zero && byte <= nine) {
        if (this.#ended || (this.#digits === 0 && byte === zero)) this.#bad = true;
        this.#blank = false;
        this.#digits += 1;
        this.#value = this.#value * 10 + (byte - zero);
      } else if (byte === newline || byte === carriageReturn) {
        this.#endLine();
      } else if (byte === space || byte === tab) {
        if (!this.#blank) this.#ended = true;
      } else {
        if (byte !== plus || this.#signed || !this.#blank) this.#bad = true;
        this.#signed = true;
        this.#blank = false;
      }
    }
  }

  /** Ends the last line, sorts and drops duplicates. The collector is spent afterwards. */
  finish(): CollectedNumbers {
    this.#endLine();
    const sorted = this.#numbers.subarray(0, this.#count).toSorted();
    let distinct = 0;
    for (const number of sorted) {
      if (distinct > 0 && number === sorted[distinct - 1]) continue;
      sorted[distinct] = number;
      distinct += 1;
    }
    return {
      numbers: sorted.slice(0, distinct),
      lines: this.#lines,
      duplicates: this.#count - distinct,
      invalid: this.#invalid,
    };
  }

  #endLine(): void {
    if (!this.#blank) {
      this.#lines += 1;
      if (this.#bad || this.#digits < 7 || this.#digits > 15) this.#invalid += 1;
      else this.#append(this.#value);
    }
    this.#value = 0;
    this.#digits = 0;
    this.#blank = true;
    this.#signed = false;
    this.#ended = false;
    this.#bad = false;
  }

  #append(value: number): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Float64Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#count] = value;
    this.#count += 1;
  }
}
