import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { chunkBytes, UploadDecoder } from './decode-upload.ts';

async function chunksOf(bytes: Buffer, pieceBytes: number): Promise<Buffer[]> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const upload = await UploadDecoder.open(pieces(), { maxBytes: 1 << 24, directory: tmpdir() });
  const chunks: Buffer[] = [];
  for await (const chunk of upload.chunks()) chunks.push(chunk);
  await upload.archive.close();
  return chunks;
}

const text = Buffer.alloc(100_001, '0123456789');

test.each([1, 1400, chunkBytes - 1, chunkBytes, chunkBytes + 1, 40_000, text.length])(
  'bytes that come in pieces of %d are given in chunks of 16 KiB',
  async (pieceBytes) => {
    const chunks = await chunksOf(text, pieceBytes);
    expect(Buffer.concat(chunks).equals(text)).toBe(true);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(chunkBytes);
    // A piece larger than a chunk has a remainder; small ones never make more chunks than they must.
    if (pieceBytes <= chunkBytes) expect(chunks.length).toBe(Math.ceil(text.length / chunkBytes));
  },
);

test('what gzip makes of little input is cut too', async () => {
  const zeros = Buffer.alloc(3_000_000);
  const chunks = await chunksOf(gzipSync(zeros), 1000);
  expect(Buffer.concat(chunks).equals(zeros)).toBe(true);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(chunkBytes);
});
