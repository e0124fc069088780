import { parseArgs } from 'node:util';

export interface Flags {
  /** Names of benches, in the order given; null: all of them. */
  readonly only: readonly string[] | null;
  readonly numbers: number | undefined;
  readonly runs: number;
  readonly json: boolean;
}

export function usage(benches: readonly { readonly name: string; readonly about: string }[]) {
  return `Usage: npx --yes pnpm@12.21.0 bench [--only NAME[,NAME]] [--numbers N] [--runs R] [--json]

  --only NAMES   these alone, separated by commas
  --numbers N    so large, in place of each bench's own size
  --runs R       each so often; what is told is the run in the middle (1)
  --json         one JSON object a line for each measurement, and nothing else on standard output

${benches.map(({ name, about }) => `  ${name.padEnd(12)} ${about}\n`).join('')}
Starts its own Postgres, durable (fsync, full_page_writes and synchronous_commit on), and stops it again.
Ends with 0 also where a bar is missed, which is told; with 1 where a bench fails, and with 2 for flags that cannot be read.
`;
}

/** The command line, or what is wrong with it. */
export function readFlags(
  given: readonly string[],
  names: readonly string[],
): Flags | { readonly problem: string } | { readonly help: true } {
  let values;
  try {
    ({ values } = parseArgs({
      args: given.filter((flag) => flag !== '--'),
      options: {
        only: { type: 'string' },
        numbers: { type: 'string' },
        runs: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { help: true };
  const only = values.only?.split(',').map((name) => name.trim()) ?? null;
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { problem: `--only: there is no bench "${unknown}"; write some of ${names.join(', ')}` };
  }
  const numbers = values.numbers === undefined ? undefined : wholeNumber(values.numbers);
  if (numbers !== undefined && !(numbers >= 100 && numbers <= 100_000_000)) {
    return { problem: '--numbers: write a whole number from 100 to 100000000' };
  }
  const runs = wholeNumber(values.runs);
  if (!(runs >= 1 && runs <= 100)) {
    return { problem: '--runs: write a whole number from 1 to 100' };
  }
  return { only, numbers, runs, json: values.json };
}

/** NaN where it is none: `1e6` and `0x10` are typing errors. */
function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}
