import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NumberSorter } from './number-sorter.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-numbers-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Numbers in an order that no sort would find easy: a full cycle of a linear congruence. */
function* scattered(count: number): Generator<number> {
  let state = 7;
  for (let at = 0; at < count; at += 1) {
    state = (state * 5 + 3) % 2 ** 22;
    yield 10_000_000_000 + state;
  }
}

async function collect(batches: AsyncIterable<Float64Array>): Promise<Float64Array[]> {
  const collected: Float64Array[] = [];
  for await (const batch of batches) collected.push(batch);
  return collected;
}

test('more numbers than fit in memory come out ascending, distinct, twice over, and leave no file', async () => {
  const sorter = new NumberSorter(directory);
  const count = 900_000;
  let added = 0;
  for (const number of scattered(count)) {
    sorter.add(number);
    added += 1;
    // A second line with every third number: duplicates within a run and across runs.
    if (number % 3 === 0) {
      sorter.add(number);
      added += 1;
    }
  }
  await sorter.settle();
  for (const number of scattered(1000)) {
    sorter.add(number);
    added += 1;
  }
  const sorted = await sorter.finish();
  // The files exist, unlinked: kill -9 now would leave nothing.
  expect(await readdir(directory)).toEqual([]);
  expect(sorted.distinct).toBe(new Set(scattered(count)).size);
  expect(sorted.duplicates).toBe(added - sorted.distinct);
  for (const _ of ['first time', 'second time']) {
    let previous = 0;
    let seen = 0;
    let ascending = true;
    for (const batch of await collect(sorted.batches())) {
      expect(batch.length).toBeLessThanOrEqual(65_536);
      for (const number of batch) {
        ascending &&= number > previous;
        previous = number;
      }
      seen += batch.length;
    }
    expect(ascending).toBe(true);
    expect(seen).toBe(sorted.distinct);
  }
  await sorted.close();
  await expect(collect(sorted.batches())).rejects.toThrow(/closed/);
}, 180_000);

test('no numbers make no batch', async () => {
  const sorted = await new NumberSorter(directory).finish();
  expect(sorted.distinct).toBe(0);
  expect(await collect(sorted.batches())).toEqual([]);
});

test('exactly one full run stays in memory', async () => {
  const sorter = new NumberSorter(directory);
  const count = 1 << 18;
  for (const number of scattered(count)) sorter.add(number);
  const sorted = await sorter.finish();
  const batches = await collect(sorted.batches());
  expect(batches.reduce((sum, batch) => sum + batch.length, 0)).toBe(sorted.distinct);
  await sorted.close();
});
