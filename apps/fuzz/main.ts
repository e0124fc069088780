import { fuzz } from './fuzz.ts';
import { readFlags, usage } from './read-flags.ts';

/**
 * `fuzz [--seed S] [--seconds N] [--case C]`: damages files whose content is known (damage.ts), reads them with the readers of results and uploads, and compares
 * what was believed with what was sent (result-case.ts, intake-case.ts). Exit codes: 0 no finding, 1 findings, 2 flags that cannot be read.
 */
const flags = readFlags(process.argv.slice(2));
if ('help' in flags) {
  process.stdout.write(usage);
} else if ('problem' in flags) {
  process.stderr.write(`${flags.problem}; --help lists the flags\n`);
  process.exitCode = 2;
} else {
  const { cases, byKind, findings } = await fuzz(flags);
  for (const { number, what } of findings)
    process.stdout.write(`finding: --seed ${flags.seed} --case ${number}: ${what}\n`);
  const by_kind = Object.fromEntries(
    Object.entries(byKind).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const { seed, seconds } = flags;
  const closing = { seed, seconds, cases, by_kind, findings: findings.length };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
