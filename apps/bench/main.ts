import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { benches } from './benches.ts';
import { type Measurement, middleRun, rounded } from './measurement.ts';
import { type Flags, readFlags, usage } from './read-flags.ts';
import { renderTable } from './render-table.ts';

/**
 * `bench [--only NAME[,NAME]] [--numbers N] [--runs R] [--json]`: measures the product against floors taken in the same run (docs/performance.md).
 * Standard output has the measurements alone, as a table or as JSON lines; standard error says how it is going. Exit codes: 0 measured, a missed bar
 * included, 1 a bench failed, 2 flags that cannot be read.
 */
const tell = (line: string) => process.stderr.write(`${line}\n`);

async function main({ only, numbers, runs, json }: Flags): Promise<number> {
  const chosen = benches.filter(({ name }) => only === null || only.includes(name));
  const all: Measurement[] = [];
  let failed = false;
  for (const bench of chosen) {
    try {
      for (const measurement of await runOften(bench, numbers, runs)) {
        all.push(measurement);
        if (json) process.stdout.write(`${JSON.stringify(measurement)}\n`);
      }
    } catch (error) {
      failed = true;
      tell(`${bench.name} FAILED: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  if (!json && all.length > 0) process.stdout.write(renderTable(all));
  return failed ? 1 : 0;
}

async function runOften(
  bench: Bench,
  numbers: number | undefined,
  runs: number,
): Promise<readonly Measurement[]> {
  const measured: (readonly Measurement[])[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'));
    // Servers run as another account when we are root, which must be able to walk here.
    await chmod(folder, 0o711);
    try {
      tell(`${bench.name}, run ${run} of ${runs}: ${bench.about}`);
      measured.push(
        await bench.run({ numbers, folder, tell: (line) => tell(`  ${bench.name}: ${line}`) }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return middleRun(measured).map(({ measurement, spread }) => {
    if (spread !== '') tell(`${measurement.name}: ${spread}`);
    return rounded(measurement);
  });
}

const flags = readFlags(
  process.argv.slice(2),
  benches.map(({ name }) => name),
);
if ('help' in flags) {
  process.stdout.write(usage(benches));
} else if ('problem' in flags) {
  process.stderr.write(`${flags.problem}; --help lists the flags\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await main(flags);
}
