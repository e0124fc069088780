import { expect, test } from 'vitest';
import { findNumberColumn } from './find-number-column.ts';
import { sampleCellsMax, sampleRecords } from './sample-records.ts';
import { SheetSampler } from './sheet-sampler.ts';

/** How often the event loop turned while it worked. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    turns += 1;
    setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

/** Takes a millisecond of the clock for some cells, as none does. */
function slowly(cell: string): false {
  if (cell !== 'nobody') return false;
  const until = performance.now() + 1;
  while (performance.now() < until);
  return false;
}

test('cells that take long to be found no numbers let the event loop turn, row by row and in one wide row', async () => {
  const row = (cell: string) => Array.from({ length: 10 }, () => cell);
  // Not in the first row, which is looked at by itself.
  const tall = [row('x'), ...Array.from({ length: 9 }, () => row('nobody'))];
  const wide = [Array.from({ length: 100 }, () => 'nobody')];
  for (const records of [tall, wide]) {
    expect(
      await turnsDuring(() => findNumberColumn(records, undefined, slowly)),
    ).toBeGreaterThanOrEqual(3);
  }
});

test('a wide table is judged by its first 20,000 cells, and by its first two records at the least', () => {
  const line = (width: number) => `${','.repeat(width - 2)}1,\n`;
  const rowsOf = (width: number) =>
    sampleRecords(Buffer.from(line(width).repeat(300)), 0x2c, true).length;
  expect([rowsOf(10), rowsOf(100), rowsOf(1_000), rowsOf(30_000)]).toEqual([200, 200, 20, 2]);
});

test('a wide sheet likewise', () => {
  const sampler = new SheetSampler(1_000_000, false);
  const cell = Buffer.from('nobody');
  for (let row = 0; row < 200; row += 1) {
    sampler.beginRow();
    for (let at = 0; at < 1_000; at += 1) sampler.cell(at, cell, 0, cell.length, 'text');
    sampler.endRow();
  }
  expect(sampler.records.flat()).toHaveLength(sampleCellsMax);
});
