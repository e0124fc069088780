import { createHash } from 'node:crypto';

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) of `+` and the digits of one number after the other, of which the first 52 bits are told. Every number
 * of a job is asked for while its tenant has a list, and of a call of OpenSSL for so short a text nearly all is overhead: here it is twice
 * 64 rounds. Lists are made of whole digests, which OpenSSL makes.
 */
export function digestStarts(secret: string): (number: number) => number {
  const bytes = Buffer.from(secret, 'utf8');
  const key = bytes.length > block_bytes ? createHash('sha256').update(bytes).digest() : bytes;
  const inner = new Int32Array(8);
  const outer = new Int32Array(8);
  const words = new Int32Array(rounds);
  compress(initial, writePadded(words, key, 0x36), inner);
  compress(initial, writePadded(words, key, 0x5c), outer);
  const hashed = new Int32Array(8);
  return (number) => {
    const text = `+${number}`;
    words.fill(0, 0, 15);
    for (let at = 0; at < text.length; at += 1) writeByte(words, at, text.charCodeAt(at));
    writeByte(words, text.length, endOfText);
    words[15] = (block_bytes + text.length) * 8;
    compress(inner, words, hashed);
    words.set(hashed);
    words.fill(0, 8, 15);
    writeByte(words, hash_bytes, endOfText);
    words[15] = (block_bytes + hash_bytes) * 8;
    compress(outer, words, hashed);
    return firstBits(hashed[0] ?? 0, hashed[1] ?? 0);
  };
}

/** The first 52 bits of a digest that begins at `offset`; it reads `start_bytes`. */
export function startOf(digest: Buffer, offset = 0): number {
  return firstBits(digest.readUInt32BE(offset), digest.readUIntBE(offset + 4, 3) << 8);
}

export const start_bytes = 7;

const firstBits = (first: number, second: number): number =>
  (first >>> 0) * 2 ** 20 + (second >>> 12);

const block_bytes = 64;
const hash_bytes = 32;
const rounds = 64;
const endOfText = 0x80;

function writeByte(words: Int32Array, at: number, byte: number): void {
  words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (24 - (at & 3) * 8));
}

/** A key that fills a block, each byte of it changed by `pad`. */
function writePadded(words: Int32Array, key: Uint8Array, pad: number): Int32Array {
  words.fill(0);
  for (let at = 0; at < block_bytes; at += 1) writeByte(words, at, (key[at] ?? 0) ^ pad);
  return words;
}

/** The first primes: the constants are fractions of their roots. */
const primes: number[] = [];
for (let candidate = 2; primes.length < rounds; candidate += 1) {
  if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
}
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32);
const initial = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

/** One block: `words` holds its 16, and is written over. */
function compress(from: Int32Array, words: Int32Array, into: Int32Array): void {
  for (let at = 16; at < rounds; at += 1) {
    const late = words[at - 2] as number;
    const early = words[at - 15] as number;
    const mixed = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    const other =
      ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    words[at] = (mixed + (words[at - 7] as number) + other + (words[at - 16] as number)) | 0;
  }
  let a = from[0] as number;
  let b = from[1] as number;
  let c = from[2] as number;
  let d = from[3] as number;
  let e = from[4] as number;
  let f = from[5] as number;
  let g = from[6] as number;
  let h = from[7] as number;
  for (let at = 0; at < rounds; at += 1) {
    const turnedE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const chosen = g ^ (e & (f ^ g));
    const one = (h + turnedE + chosen + (constants[at] as number) + (words[at] as number)) | 0;
    const turnedA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const most = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + turnedA + most) | 0;
  }
  into[0] = (from[0] as number) + a;
  into[1] = (from[1] as number) + b;
  into[2] = (from[2] as number) + c;
  into[3] = (from[3] as number) + d;
  into[4] = (from[4] as number) + e;
  into[5] = (from[5] as number) + f;
  into[6] = (from[6] as number) + g;
  into[7] = (from[7] as number) + h;
}
