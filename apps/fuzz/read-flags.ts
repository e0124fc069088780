import { parseArgs } from 'node:util';

export interface Flags {
  readonly seed: string;
  readonly seconds: number;
  /** Null: as many as fit into the seconds. Otherwise this one alone. */
  readonly only: number | null;
}

export const usage = `Usage: npx --yes pnpm@12.21.0 fuzz [--seed S] [--seconds N] [--case C]

  --seed S       any word; the same seed and commit give the same cases (1)
  --seconds N    for how long (60)
  --case C       this case of the seed alone, as a finding names it

Damages result files and uploads whose content is known, and reads them. The last line is one JSON object.
Ends with 0 without a finding, with 1 with one, which is printed, and with 2 for flags that cannot be read.
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
        seconds: { type: 'string', default: '60' },
        case: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { help: true };
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400)
    return { problem: '--seconds: write a whole number from 1 to 86400' };
  const only = values.case === undefined ? null : Number(values.case);
  if (only !== null && (!Number.isInteger(only) || only < 0))
    return { problem: '--case: write the number of a case' };
  return { seed: values.seed, seconds, only };
}
