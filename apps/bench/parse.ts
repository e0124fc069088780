import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareResultReaders } from '@rollcall/results';
import type { Bench, BenchContext } from './bench.ts';
import { readApart, type ResultFile, resultFiles } from './ground/result-files.ts';
import { type Measurement, median } from './measurement.ts';

/** As large as the issue has it: what a chunk's file may be. */
const rowsOfFile = 500_000;
const readsOfEach = 5;
const peakMax_mb = 150;

const bars_per_s: Readonly<Record<string, number>> = { xlsx: 350_000 };
const barOfTexts_per_s = 1_000_000;

export const parse: Bench = {
  name: 'parse',
  about:
    'result files of 500,000 rows, each read by a process of its own, against reading their bytes',
  async run(context) {
    await prepareResultReaders();
    const measurements: Measurement[] = [];
    for (const file of resultFiles) measurements.push(await measure(file, context));
    return measurements;
  },
};

async function measure(
  { name, options, make }: ResultFile,
  { numbers = rowsOfFile, folder, tell }: BenchContext,
): Promise<Measurement> {
  const path = join(folder, name);
  await writeFile(path, await make(numbers));
  const floors: number[] = [];
  const reads: { readonly seconds: number; readonly peak_mb: number }[] = [];
  for (let read = 0; read < readsOfEach; read += 1) {
    const begun = performance.now();
    await readFile(path);
    floors.push((performance.now() - begun) / 1_000);
    reads.push(await readApart(path, options, numbers));
  }
  const seconds = median(reads.map((read) => read.seconds));
  const floor_seconds = median(floors);
  const rate_per_s = numbers / seconds;
  const peak_mb = Math.max(...reads.map((read) => read.peak_mb));
  const bar_per_s = bars_per_s[name] ?? barOfTexts_per_s;
  tell(`${name}: ${reads.map((read) => read.seconds.toFixed(2)).join(', ')} s`);
  return {
    name: `parse/${name}`,
    numbers,
    seconds,
    floor_seconds,
    ratio: seconds / floor_seconds,
    rate_per_s,
    peak_rss_mb: { reader: peak_mb },
    bar: `≥ ${bar_per_s} rows/s, ≤ ${peakMax_mb} MB`,
    ok: rate_per_s >= bar_per_s && peak_mb <= peakMax_mb,
  };
}
