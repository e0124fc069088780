import { scrub } from './scrub.ts';

/** Where a phone number stands that should not. */
export interface NumberFound {
  /** How it was written: as digits, between separators, or inside base64, hex or a binary integer. */
  readonly as: 'text' | 'base64' | 'hex' | 'binary';
  /** Byte of the text that it begins at. */
  readonly offset: number;
  /** What stands around it, masked. */
  readonly around: string;
}

/** A country code has at most three digits: written without it, a number has at least so many of its last ones. */
const countryCodeMax = 3;
/** Shorter endings meet too many ids and sizes by chance. */
const nationalMin = 9;
const hitsMax = 20;

/**
 * Separators that people write between digits, plus what URLs, JSON and CSV make of them. Bytes are looked at one by one, so those
 * beyond ASCII stand here as UTF-8 has them: no-break spaces, blanks and dashes of General Punctuation (U+2000 to U+2015, U+2028 to
 * U+202F, U+205F to U+2064), the minus sign, the ideographic space, U+FEFF.
 */
const run =
  /\d(?:(?:[\s().\-/+\u00a0]|\u00c2[\u00a0\u00ad\u00b7]|\u00e2(?:\u0080[\u0080-\u0095\u00a8-\u00af]|\u0081[\u009f-\u00a4]|\u0088\u0092)|\u00e3\u0080\u0080|\u00ef\u00bb\u00bf|%20|%2B|%2D|\\u(?:00a0|00ad|20[0-6][0-9a-f]|2212|3000|feff)){0,3}\d){6,200000}/gi;
/** What of a run is no digit: the digits of an escape are not the number's. */
const notDigits = /%[0-9a-f]{2}|\\u[0-9a-f]{4}|\D/gi;
/** Ids, trace ids and hashes: random, and many enough that the digits of some meet a number by chance. */
const random =
  /(?<![0-9a-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=\d*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{64}))(?![0-9a-z])/g;
// Bounded, since a match of many millions of characters overflows the stack of the pattern's machine.
const base64Token = /[A-Za-z0-9+/_-]{12,1000000}={0,2}/g;
const hexToken = /(?:[0-9a-f]{2}){8,500000}/gi;

/**
 * Looks for phone numbers in bytes, however they are spelled: `numbers` are E.164 digits. For texts and stores that must hold none of
 * them: logs, Redis, metrics, traces. Numbers that are not in the list are not found; that is what `scrub` is for.
 */
export class NumberFinder {
  readonly #known = new Set<string>();
  readonly #binary: Buffer[] = [];

  constructor(numbers: Iterable<string>, { binary = false } = {}) {
    for (const digits of numbers) {
      this.#known.add(digits);
      for (let code = 1; code <= countryCodeMax; code += 1) {
        const national = digits.slice(code);
        if (national.length >= nationalMin) this.#known.add(national);
      }
      if (binary) {
        const integer = Buffer.alloc(8);
        integer.writeBigInt64BE(BigInt(digits));
        this.#binary.push(Buffer.from(integer), integer.reverse());
      }
    }
  }

  find(bytes: Uint8Array | string): readonly NumberFound[] {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes);
    const text = buffer.toString('latin1');
    const found: NumberFound[] = [];
    const note = (as: NumberFound['as'], offset: number, around = '') => {
      if (found.length < hitsMax) found.push({ as, offset, around: scrub(around) });
    };
    this.#inText(text, (offset) =>
      note('text', offset, text.slice(Math.max(0, offset - 60), offset + 60)),
    );
    for (const [as, token] of [
      ['base64', base64Token],
      ['hex', hexToken],
    ] as const) {
      for (const match of text.matchAll(token)) {
        const decoded = Buffer.from(match[0], as === 'hex' ? 'hex' : 'base64').toString('latin1');
        this.#inText(decoded, () =>
          note(as, match.index, text.slice(Math.max(0, match.index - 60), match.index)),
        );
      }
    }
    for (const integer of this.#binary) {
      const at = buffer.indexOf(integer);
      if (at >= 0) note('binary', at);
    }
    return found;
  }

  #inText(text: string, hit: (offset: number) => void): void {
    const known = text.replaceAll(random, (id) => 'x'.repeat(id.length));
    for (const match of known.matchAll(run)) {
      const digits = match[0].replace(notDigits, '');
      if (this.#holds(digits)) hit(match.index);
    }
  }

  /** Whether any stretch of the digits is a number; runs are short, and where they are not, somebody joined numbers. */
  #holds(digits: string): boolean {
    for (let start = 0; start + nationalMin <= digits.length; start += 1) {
      for (let end = start + nationalMin; end <= Math.min(digits.length, start + 15); end += 1) {
        if (this.#known.has(digits.slice(start, end))) return true;
      }
    }
    return false;
  }
}
