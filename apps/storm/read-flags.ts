import { parseArgs } from 'node:util';
import type { Backend } from './schedule.ts';

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

/** The command line, or what is wrong with it. */
export function readFlags(given: readonly string[]): Flags | { readonly problem: string } {
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
      },
    }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
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
