import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { exportStream } from './export-stream.ts';

const rows = Array.from({ length: 5_000 }, (_, at) => [String(at), 'x'.repeat(90)]);
const noCounts = () => ({ rows: 0, bytes: 0 });

function tableOf(header: readonly string[], cells: readonly string[]) {
  return {
    header: () => Promise.resolve(header),
    async *rows() {
      yield [cells];
    },
    async *objects() {
      yield [];
    },
  };
}

/** The text of a zip's first member. */
function firstMember(zip: Buffer): string {
  return inflateRawSync(zip.subarray(30 + zip.readUInt16LE(26) + zip.readUInt16LE(28))).toString();
}

const table = {
  header: () => Promise.resolve(['at', 'filler']),
  async *rows() {
    yield rows;
  },
  async *objects() {
    yield rows.map(([at]) => ({ at }));
  },
};

test('a large batch goes out in small pieces, so that a slow reader is seen to take them', async () => {
  const counts = { rows: 0, bytes: 0 };
  const sizes: number[] = [];
  const stream = exportStream('csv', 'Results', table, counts);
  // As a pipe to a socket takes them.
  stream.on('data', (piece: Buffer) => sizes.push(piece.byteLength));
  await once(stream, 'end');
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
  expect(counts).toEqual({ rows: 5_000, bytes: sizes.reduce((sum, size) => sum + size, 0) });
});

test('a workbook has every text as it is, in cells that say that they are text', async () => {
  const cells = ["=cmd|' /C calc'!A0", '+44 7911 200000', '-5', '@SUM(A1)', '-'];
  const workbook = exportStream('xlsx', 'Results', tableOf(['=1+1', '-'], cells), noCounts());
  const sheet = firstMember(await buffer(workbook));
  const texts = [...sheet.matchAll(/<c [^>]*t="inlineStr"><is><t>([^<]*)<\/t><\/is><\/c>/g)];
  expect(texts.map(([, text]) => text)).toEqual(['=1+1', '-', ...cells]);
  // No other kind of cell, and none with a formula.
  expect(sheet.match(/<c /g)).toHaveLength(texts.length);
  expect(sheet).not.toMatch(/<f[ >]/);
});
