import { open } from 'node:fs/promises';
import { type ResultReader, startResultReader } from '@rollcall/results';
import { makeXlsx, makeZip } from '@rollcall/testing';
import { numberAt } from './make-numbers.ts';

type Options = Parameters<ResultReader['read']>[0];
const tableOptions: Options = {
  semantics: 'table',
  check: 'telegram',
  taskType: 'tg',
  verdictColumns: [],
  verdictWords: {},
};

/** A kind of file that providers answer with. */
export interface ResultFile {
  readonly name: 'csv-zip' | 'txt-zip' | 'xlsx';
  readonly options: Options;
  make(rows: number): Promise<Buffer>;
}

export const resultFiles: readonly ResultFile[] = [
  {
    name: 'csv-zip',
    options: tableOptions,
    make: (rows) => makeZip({ 'all.csv': `number,telegram\n${lines(rows, verdictLine)}` }),
  },
  {
    name: 'txt-zip',
    options: { ...tableOptions, semantics: 'positives_only' },
    make: (rows) => makeZip({ 'all.txt': lines(rows, (number) => `${number}\n`) }),
  },
  {
    name: 'xlsx',
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

/** Reads a file as an ingest does: from before its process begins until its outcome is there. */
export async function readApart(path: string, options: ResultFile['options'], rows: number) {
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
    return {
      seconds,
      processor_s: usage.processorTime_ms / 1_000,
      peak_mb: Math.ceil(usage.peak_bytes / 1_048_576),
    };
  }
}

const verdictLine = (number: number) => `${number},${verdictOf(number)}\n`;

function verdictOf(number: number): string {
  return number % 3 === 0 ? 'no' : 'yes';
}

function lines(rows: number, line: (number: number) => string): string {
  return Array.from({ length: rows }, (_, place) => line(numberAt(place, rows))).join('');
}
