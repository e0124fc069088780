/**
 * Joins pieces of input so that a tokenizer always sees whole tokens: what it has not used yet is kept in front of the
 * next piece. One buffer is reused, so positions are valid until the next `append`.
 */
export class CarryBuffer {
  bytes: Buffer = Buffer.allocUnsafe(0);
  length = 0;
  #used = 0;

  append(piece: Uint8Array): void {
    const kept = this.length - this.#used;
    const needed = kept + piece.length;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(larger, 0, this.#used, this.length);
      this.bytes = larger;
    } else if (kept > 0 && this.#used > 0) {
      this.bytes.copyWithin(0, this.#used, this.length);
    }
    this.bytes.set(piece, kept);
    this.length = needed;
    this.#used = 0;
  }

  /** Everything before `position` has been used. */
  keepFrom(position: number): void {
    this.#used = position;
  }

  get kept_bytes(): number {
    return this.length - this.#used;
  }
}
