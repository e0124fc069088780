import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResultReader, prepareResultReaders, startResultReader } from '@rollcall/results';
import { makeXlsx, makeZip } from '@rollcall/testing';
import type { Bench, BenchContext } from './bench.ts';
import { numberAt } from './ground/make-numbers.ts';
import { type Measurement, median } from './measurement.ts';

/** As large as the issue has it: what a chunk's file may be. */
const rowsOfFile = 500_000;
const readsOfEach = 5;
const peakMax_mb = 150;

type Options = Parameters<ResultReader['read']>[0];
const tableOptions: Options = {
  semantics: 'table',
  check: 'telegram',
  taskType: 'tg',
  verdictColumns: [],
  verdictWords: {},
};

interface Format {
  readonly name: string;
  readonly bar_per_s: number;
  readonly options: Options;
  make(rows: number): Promise<Buffer>;
}

const formats: readonly Format[] = [
  {
    name: 'parse/csv-zip',
    bar_per_s: 1_000_000,
    options: tableOptions,
    make: (rows) => makeZip({ 'all.csv': `number,telegram\n${lines(rows, verdictLine)}` }),
  },
  {
    name: 'parse/txt-zip',
    bar_per_s: 1_000_000,
    options: { ...tableOptions, semantics: 'positives_only' },
    make: (rows) => makeZip({ 'all.txt': lines(rows, (number) => `${number}\n`) }),
  },
  {
    name: 'parse/xlsx',
    bar_per_s: 350_000,
    options: tableOptions,
    make: (rows) =>
      makeXlsx([
        ['Number', 'telegram'],
        ...Array.from({ length: rows }, (_, place) => [
          numberAt(place, rows),
          verdictOf(numberAt(place, rows)),
        ]),
      ]),
  },
];

export const parse: Bench = {
  name: 'parse',
  about:
    'result files of 500,000 rows, each read by a process of its own, against reading their bytes',
  async run(context) {
    await prepareResultReaders();
    const measurements: Measurement[] = [];
    for (const format of formats) measurements.push(await measure(format, context));
    return measurements;
  },
};

async function measure(
  { name, bar_per_s, options, make }: Format,
  { numbers = rowsOfFile, folder, tell }: BenchContext,
): Promise<Measurement> {
  const path = join(folder, name.replace('/', '-'));
  await writeFile(path, await make(numbers));
  const floors: number[] = [];
  const reads: { readonly seconds: number; readonly peak_mb: number }[] = [];
  for (let read = 0; read < readsOfEach; read += 1) {
    const begun = performance.now();
    await readFile(path);
    floors.push((performance.now() - begun) / 1_000);
    reads.push(await readOnce(path, options, numbers));
  }
  const seconds = median(reads.map((read) => read.seconds));
  const floor_seconds = median(floors);
  const rate_per_s = numbers / seconds;
  const peak_mb = Math.max(...reads.map((read) => read.peak_mb));
  tell(`${name}: ${reads.map((read) => read.seconds.toFixed(2)).join(', ')} s`);
  return {
    name,
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

/** From before its process begins until its outcome is there, as an ingest has it. */
async function readOnce(path: string, options: Options, rows: number) {
  await using file = await open(path);
  const begun = performance.now();
  await using reader = await startResultReader(file.fd);
  const batches = reader.read(options);
  for (;;) {
    const step = await batches.next();
    if (step.done !== true) continue;
    const { outcome, usage } = step.value;
    if (outcome.kind !== 'read' || outcome.rows !== rows)
      throw new Error(`the file was not read: ${JSON.stringify(outcome)}`);
    const seconds = (performance.now() - begun) / 1_000;
    return { seconds, peak_mb: Math.ceil(usage.peak_bytes / 1_048_576) };
  }
}

const verdictLine = (number: number) => `${number},${verdictOf(number)}\n`;

function verdictOf(number: number): string {
  return number % 3 === 0 ? 'no' : 'yes';
}

function lines(rows: number, line: (number: number) => string): string {
  return Array.from({ length: rows }, (_, place) => line(numberAt(place, rows))).join('');
}
