import { once } from 'node:events';
import { expect, test } from 'vitest';
import { exportStream } from './export-stream.ts';

const rows = Array.from({ length: 5_000 }, (_, at) => [String(at), 'x'.repeat(90)]);
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
