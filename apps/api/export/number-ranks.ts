const blockLength = 64;
const growth_bytes = 1 << 20;
/** Seven bits a byte: a gap of 15 digits takes 8 bytes. */
const gapBytesMax = 8;

/**
 * Which of a job's sorted numbers a number is: 0 for the smallest. Each number is kept as its distance from the one before, in as many
 * bytes as that takes, and every 64th whole, to search among. 10 M numbers of one country take 12 to 25 MB, and 50 at the very most
 * (10 M over all 15 digits); as doubles they would take 80.
 */
export class NumberRanks {
  #gaps = new Uint8Array(growth_bytes);
  #gapsLength = 0;
  #firsts = new Float64Array(1024);
  #starts = new Uint32Array(1024);
  #last = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#gaps.byteLength + this.#firsts.byteLength + this.#starts.byteLength;
  }

  /** Takes the next number; they come in ascending order, each once. */
  add(number: number): void {
    if (this.#count > 0 && number <= this.#last) throw new Error('numbers came out of order');
    if (this.#count % blockLength === 0) this.#beginBlock(number);
    else this.#writeGap(number - this.#last);
    this.#last = number;
    this.#count += 1;
  }

  /** -1 for a number that is not among them. */
  rankOf(number: number): number {
    let low = 0;
    let high = Math.ceil(this.#count / blockLength) - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    let found = this.#firsts[low] ?? 0;
    let rank = low * blockLength;
    let at = this.#starts[low] ?? 0;
    const end = Math.min(this.#count, rank + blockLength);
    if (this.#count === 0 || number < found) return -1;
    for (; ; rank += 1) {
      if (found >= number) return found === number ? rank : -1;
      if (rank + 1 === end) return -1;
      let factor = 1;
      let byte: number;
      do {
        byte = this.#gaps[at] ?? 0;
        at += 1;
        found += (byte & 127) * factor;
        factor *= 128;
      } while (byte > 127);
    }
  }

  #beginBlock(number: number): void {
    const block = this.#count / blockLength;
    if (block === this.#firsts.length) {
      this.#firsts = grown(this.#firsts, new Float64Array(block + Math.ceil(block / 4)));
      this.#starts = grown(this.#starts, new Uint32Array(block + Math.ceil(block / 4)));
    }
    this.#firsts[block] = number;
    this.#starts[block] = this.#gapsLength;
  }

  #writeGap(gap: number): void {
    if (this.#gapsLength + gapBytesMax > this.#gaps.length) {
      const length = this.#gaps.length + Math.max(growth_bytes, this.#gaps.length >>> 2);
      this.#gaps = grown(this.#gaps, new Uint8Array(length));
    }
    let rest = gap;
    while (rest > 127) {
      this.#gaps[this.#gapsLength] = 128 + (rest % 128);
      this.#gapsLength += 1;
      rest = Math.floor(rest / 128);
    }
    this.#gaps[this.#gapsLength] = rest;
    this.#gapsLength += 1;
  }
}

function grown<Numbers extends Uint8Array | Uint32Array | Float64Array>(
  from: Numbers,
  into: Numbers,
): Numbers {
  into.set(from);
  return into;
}
