// What boundaries.test.ts plants. Long because it is a table: one line for each way across a boundary, and the formatter's
// four for most of them.

/** [what is wrong, where, the text, the beginning of what its author is told] */
export const crossings: [string, string, string, string][] = [
  [
    'an app that imports an app',
    'apps/api/uses-app.ts',
    `import '@rollcall/worker';`,
    'apps-are-leaves',
  ],
  [
    'a package that imports an app',
    'packages/db/uses-app.ts',
    `import '../../apps/worker/run.ts';`,
    'apps-are-leaves',
  ],
  [
    'a test that imports another app',
    'apps/worker/uses-app.test.ts',
    `import '@rollcall/simulator';`,
    'apps-are-leaves',
  ],
  [
    'a relative import of a neighbour',
    'packages/queue/leaves.ts',
    `import '../config/index.ts';`,
    'relative-imports-stay-home',
  ],
  [
    'a deep import',
    'apps/api/deep.ts',
    `export { a } from '@rollcall/db/sql/claim.ts';`,
    'no-deep-imports',
  ],
  [
    'an adapter that imports an adapter',
    'packages/results/neighbour.ts',
    `import '@rollcall/numbers';`,
    'adapters-apart',
  ],
  [
    'an adapter that does so by import()',
    'packages/queue/neighbour.ts',
    `await import('@rollcall/db');`,
    'adapters-apart',
  ],
  ['npm in the domain', 'packages/domain/uses-npm.ts', `import 'zod';`, 'domain-imports-nothing'],
  [
    'Node in the domain',
    'packages/domain/uses-node.ts',
    `import 'node:crypto';`,
    'domain-imports-nothing',
  ],
  [
    'a package in the domain',
    'packages/domain/uses-config.ts',
    `import '@rollcall/config';`,
    'domain-imports-nothing',
  ],
  [
    'a package in a test of the domain',
    'packages/domain/pure.test.ts',
    `import '@rollcall/testing';`,
    'domain-knows-no-neighbour',
  ],
  [
    'domain code in the contract',
    'packages/contract/runs.ts',
    `import { a } from '@rollcall/domain';\na();`,
    'contract-is-shapes',
  ],
  [
    'a server’s library in the contract',
    'packages/contract/server.ts',
    `import 'fastify';`,
    'contract-is-shapes',
  ],
  [
    'our adapters in the simulator',
    'apps/simulator/mirror.ts',
    `import '@rollcall/providers';`,
    'simulator-reads-for-itself',
  ],
  [
    'our domain in the simulator',
    'apps/simulator/domain.ts',
    `import '@rollcall/domain';`,
    'simulator-reads-for-itself',
  ],
  [
    'a stage that imports a stage',
    'apps/worker/stages/poll.ts',
    `import './submit.ts';`,
    'stages-and-sweeps-apart',
  ],
  [
    'a stage that imports a sweep',
    'apps/worker/stages/plan.ts',
    `import '../sweeps/rescue.ts';`,
    'stages-and-sweeps-apart',
  ],
  [
    'a sweep that imports a stage',
    'apps/worker/sweeps/rescue.ts',
    `import '../stages/submit.ts';`,
    'stages-and-sweeps-apart',
  ],
  [
    'a sweep that imports a sweep',
    'apps/worker/sweeps/prune.ts',
    `import './expire.ts';`,
    'stages-and-sweeps-apart',
  ],
  [
    'test code in production',
    'packages/queue/tested.ts',
    `import '@rollcall/testing';`,
    'testing-is-for-tests',
  ],
  [
    'a server started by production',
    'packages/db/starts.ts',
    `import '@rollcall/embedded';`,
    'embedded-is-for-one-machine',
  ],
  [
    'a file named for nothing',
    'packages/db/sql/date-utils.ts',
    'export const a = 1;',
    'names-say-something',
  ],
  [
    'a folder named for nothing',
    'apps/api/services/jobs.ts',
    'export const a = 1;',
    'names-say-something',
  ],
  ['a file that is not kebab-case', 'packages/db/jobStore.ts', 'export const a = 1;', 'kebab-case'],
  [
    'a long file without a word',
    'packages/db/long.ts',
    'export const a = 1;\n'.padEnd(330, '\n'),
    'long-files-say-why',
  ],
  [
    'the environment read outside config',
    'packages/db/environment.ts',
    `export const a = process.env['PATH'];`,
    'Only packages/config reads the environment',
  ],
  [
    'the environment unpacked outside config',
    'apps/worker/unpacked.ts',
    `const { env } = process;\nexport const a = env;`,
    'Only packages/config reads the environment',
  ],
  [
    'the environment by node:process',
    'apps/worker/imported.ts',
    `import { env } from 'node:process';\nexport const a = env;`,
    'one-reader-of-the-environment',
  ],
  [
    'NODE_ENV, even in config',
    'packages/config/mode.ts',
    `export const a = process.env.NODE_ENV;`,
    'There is no NODE_ENV here',
  ],
  [
    'a promise that nobody awaits',
    'packages/db/forgets.ts',
    `export function f(g: () => Promise<void>): void {\n  g();\n}`,
    'Promises must be awaited',
  ],
  [
    'a promise where a boolean is meant',
    'packages/db/asks.ts',
    `export function f(g: () => Promise<boolean>): number {\n  return g() ? 1 : 2;\n}`,
    'Expected non-Promise value',
  ],
  ['any', 'packages/db/anything.ts', `export const a: any = 1;`, 'Unexpected `any`'],
  ...[
    'Date',
    'performance',
    'crypto',
    'setTimeout',
    'process',
    'globalThis',
    'fetch',
    'console',
  ].map((name): [string, string, string, string] => [
    `${name} in the domain`,
    `packages/domain/uses-${name.toLowerCase()}.ts`,
    `export const a = ${name};`,
    'The domain ',
  ]),
  [
    'Date.now() in the domain',
    'packages/domain/asks-now.ts',
    `export const a = Date.now();`,
    'The domain has no clock',
  ],
  [
    'randomness in the domain',
    'packages/domain/uses-chance.ts',
    `export const a = Math.random();`,
    'The domain has no randomness',
  ],
];

/** [what is right, where, the text] */
export const permitted: [string, string, string][] = [
  [
    'an app that joins two adapters',
    'apps/api/joins.ts',
    `import '@rollcall/db';\nimport '@rollcall/queue';`,
  ],
  ['a test that uses test servers', 'packages/db/stores.test.ts', `import '@rollcall/testing';`],
  [
    'a stage that uses what lies beside it',
    'apps/worker/stages/ingest.ts',
    `import '../heartbeat.ts';\nimport './ingest/parse.ts';`,
  ],
  [
    'the domain’s types in the contract',
    'packages/contract/job.ts',
    `import type { Job } from '@rollcall/domain';\nimport 'zod';\nexport type Body = Job;`,
  ],
  ['the domain’s files among themselves', 'packages/domain/decide-poll.ts', `import './chunk.ts';`],
  [
    'the environment in config',
    'packages/config/environment.ts',
    `export const a = process.env['PATH'];`,
  ],
  [
    'a long file that says why',
    'packages/db/explained.ts',
    '// One statement, kept whole.\nexport const a = 1;\n'.padEnd(360, '\n'),
  ],
];
