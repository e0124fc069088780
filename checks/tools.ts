/** One tool of `pnpm check`: what it holds, and how to run it from the repository's root. */
export type Tool = { holds: string; command: string; arguments: string[] };

/** `pnpm check` runs them side by side, and the test suite runs the same list. Exit code 0 means it found nothing. */
export const tools: Tool[] = [
  { holds: 'types', command: 'tsc', arguments: ['-p', '.'] },
  {
    holds: 'lint and boundaries',
    command: 'oxlint',
    arguments: ['--type-aware', '--deny-warnings'],
  },
  {
    holds: 'unused files, exports and dependencies',
    command: 'knip',
    arguments: ['--no-progress'],
  },
  { holds: 'types of the domain, alone', command: 'tsc', arguments: ['-p', 'packages/domain'] },
  { holds: 'format', command: 'biome', arguments: ['format', '.'] },
  { holds: 'dependencies between packages', command: 'turbo', arguments: ['boundaries'] },
  { holds: 'package.json files agree', command: 'sherif', arguments: [] },
];
