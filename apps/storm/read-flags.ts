import { parseArgs } from 'node:util';
import type { Backend } from './faults/schedule.ts';

export interface Flags {
  readonly seed: string;
  readonly runs: number;
  /** The number of the first run: `--first-run 17 --runs 1` plays that one again. */
  readonly firstRun: number;
  /** Null: they alternate. */
  readonly backend: Backend | null;
  readonly atOnce: number;
  /** Null: storms. Otherwise nothing but so many deaths at crash points. */
  readonly crashPoints: number | null;
  readonly baseline: boolean;
  readonly realLeases: boolean;
  readonly verbose: boolean;
}

export const usage = `Usage: npx --yes pnpm@12.21.0 storm [--seed S] [--runs N] …

  --seed S             any word; the same seed and commit play the same storms (1)
  --runs N             how many episodes (4)
  --first-run R        the number of the first: --first-run 17 --runs 1 plays that one again (0)
  --backend NAME       redis or postgres; without it they alternate
  --at-once K          so many at a time (3; with --crash-points 2)
  --crash-points N     instead of storms: N processes that end at named points, each in one step of the worker
  --real-leases        instead of storms: a death in each stage, with the leases of production
  --baseline           the same storms over a naive pipeline, to compare with; always ends with 0
  --verbose            everything that happens

The last line is one JSON object, explained in docs/guarantees.md; the line before it says the same for people.
Ends with 0 without a violation, with 1 with any, whose timeline is printed, or where a run met faults of fewer than five kinds,
and with 2 for flags that cannot be read.
`;

/** The command line, or what is wrong with it. */
export function readFlags(
  given: readonly string[],
): Flags | { readonly problem: string } | { readonly help: true } {
  let values;
  try {
    ({ values } = parseArgs({
      args: given.filter((flag) => flag !== '--'),
      options: {
        seed: { type: 'string', default: '1' },
        runs: { type: 'string' },
        'first-run': { type: 'string', default: '0' },
        backend: { type: 'string' },
        'at-once': { type: 'string' },
        'crash-points': { type: 'string' },
        baseline: { type: 'boolean', default: false },
        'real-leases': { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { help: true };
  const { backend } = values;
  if (backend !== undefined && backend !== 'redis' && backend !== 'postgres') {
    return { problem: '--backend: write redis or postgres' };
  }
  const numbers = {
    runs: Number(values.runs ?? 4),
    'first-run': Number(values['first-run']),
    // Episodes of deaths have no waits to fill.
    'at-once': Number(values['at-once'] ?? (values['crash-points'] === undefined ? 3 : 2)),
    'crash-points': Number(values['crash-points'] ?? 1),
  };
  for (const [name, number] of Object.entries(numbers)) {
    const least = name === 'first-run' ? 0 : 1;
    if (!Number.isInteger(number) || number < least || number > 100_000) {
      return { problem: `--${name}: write a whole number from ${least} to 100000` };
    }
  }
  if (values['crash-points'] !== undefined && (values.baseline || values['real-leases'])) {
    return { problem: '--crash-points: goes without --baseline and --real-leases' };
  }
  return {
    seed: values.seed,
    runs: numbers.runs,
    firstRun: numbers['first-run'],
    backend: backend ?? null,
    atOnce: numbers['at-once'],
    crashPoints: values['crash-points'] === undefined ? null : numbers['crash-points'],
    baseline: values.baseline,
    realLeases: values['real-leases'],
    verbose: values.verbose,
  };
}
