import { createHash } from 'node:crypto';

/** Chance that comes from a text: the same text, the same chance. (sfc32, by Chris Doty-Humphrey; public domain.) */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: string) {
    const digest = createHash('sha256').update(seed).digest();
    this.#state = Uint32Array.from({ length: 4 }, (_, n) => digest.readUInt32LE(n * 4));
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    const [a = 0, b = 0, c = 0, count = 0] = this.#state;
    const next = (a + b + count) >>> 0;
    this.#state[3] = count + 1;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + next;
    return Math.floor((next / 4_294_967_296) * below);
  }

  from(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
