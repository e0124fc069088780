import { Buffer } from 'node:buffer';

const star = 0x2a;
/** A shorter beginning of the key at the end of an answer is chance, and says nothing. */
const shortestPart = 4;

/**
 * An answer's bytes with `*` for each byte of our key, written plainly or as JSON and URLs escape it; also where the
 * answer ends inside the key. What an answer echoes is kept in Postgres, and the key must not be. The same buffer where
 * there is nothing to mask.
 */
export function maskKey(body: Buffer, key: string): Buffer {
  if (key === '') return body;
  const spellings = new Set([key, encodeURIComponent(key), jsonText(key), jsonText(key, true)]);
  let masked = body;
  const stars = (from: number, to: number) => {
    if (masked === body) masked = Buffer.from(body);
    masked.fill(star, from, to);
  };
  for (const spelling of spellings) {
    const bytes = Buffer.from(spelling);
    let at = body.indexOf(bytes);
    for (; at !== -1; at = body.indexOf(bytes, at + bytes.length)) stars(at, at + bytes.length);
    for (let length = bytes.length - 1; length >= shortestPart; length -= 1) {
      const start = body.length - length;
      if (start >= 0 && body.subarray(start).equals(bytes.subarray(0, length))) {
        stars(start, body.length);
        break;
      }
    }
  }
  return masked;
}

/** As it stands inside a JSON string; some serialisers (PHP's) escape `/` as well. */
function jsonText(key: string, escapesSlash = false): string {
  const text = JSON.stringify(key).slice(1, -1);
  return escapesSlash ? text.replaceAll('/', '\\/') : text;
}
