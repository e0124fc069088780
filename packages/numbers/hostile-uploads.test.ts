import { hostileChunk_numbers, hostileResultFiles } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { readNumbers } from './read-numbers.ts';
import { refusalCodes } from './read-outcome.ts';

/** What a stranger could send as a result, a caller could upload: here it is read in the API's own process, and may neither end nor fill it. */
const limits = { maxLines: 10_000_000, maxLineBytes: 65_536, maxBytes: 1_073_741_824 };
const memoryMax_bytes = 256 * 1_048_576;
const numbers = Array.from({ length: hostileChunk_numbers }, (_, n) => String(447_911_000_000 + n));

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

test.each(hostileResultFiles)(
  '$name as an upload is refused, or each of its lines is accounted for',
  async ({ make }) => {
    const bytes = Buffer.from(await make(numbers));
    const before_bytes = process.memoryUsage.rss();
    let most_bytes = before_bytes;
    const watch = setInterval(() => {
      most_bytes = Math.max(most_bytes, process.memoryUsage.rss());
    }, 5);
    try {
      const outcome = await readNumbers(inPieces(bytes), limits);
      if (outcome.kind === 'refused') expect(refusalCodes).toContain(outcome.code);
      else {
        await using intake = outcome.intake;
        const { lines, accepted, duplicates, rejected } = intake;
        expect(accepted + duplicates + rejected).toBe(lines);
        let read = 0;
        for await (const batch of intake.sortedNumbers()) read += batch.length;
        expect(read).toBe(accepted);
      }
    } finally {
      clearInterval(watch);
    }
    expect(most_bytes - before_bytes).toBeLessThan(memoryMax_bytes);
  },
);
