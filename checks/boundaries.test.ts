import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileRules } from './file-rules.ts';
import { importRules } from './import-rules.ts';

// Each rule is seen to fail: a copy of the configuration gets one file that crosses each boundary, and the linter of
// `pnpm check` runs over all of them. What is allowed is planted as well, and must pass.

const root = join(import.meta.dirname, '..');

/** [what is wrong, where, the text, the beginning of what its author is told] */
const crossings: [string, string, string, string][] = [
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
    'Disallowed usage of `process.env`',
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
const permitted: [string, string, string][] = [
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

let copy = '';
const complaints = new Map<string, string[]>();

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'rollcall-boundaries-'));
  await cp(join(root, 'checks'), join(copy, 'checks'), { recursive: true });
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    await cp(join(root, name), join(copy, name));
  }
  await cp(
    join(root, 'packages/domain/tsconfig.json'),
    join(copy, 'packages/domain/tsconfig.json'),
  );
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [, path, text] of [...crossings, ...permitted]) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), `${text}\n`);
  }
  const { diagnostics } = JSON.parse(
    await outputOf('oxlint', ['--type-aware', '--format=json', 'apps', 'packages']),
  ) as { diagnostics: { filename: string; message: string; help?: string }[] };
  for (const { filename, message, help } of diagnostics) {
    complaints.set(filename, [...(complaints.get(filename) ?? []), `${message} ${help ?? ''}`]);
  }
});

afterAll(() => rm(copy, { recursive: true, force: true }));

describe('refused', () => {
  test.each(crossings)('%s', (_, path, __, told) => {
    expect(complaints.get(path)?.join('\n')).toContain(told);
  });
});

describe('allowed', () => {
  test.each(permitted)('%s', (_, path) => {
    expect(complaints.get(path)).toBeUndefined();
  });
});

test('every rule of the house is seen to refuse something, and gives its reason', () => {
  const told = [...complaints.values()].flat().join('\n');
  const silent = [...importRules, ...fileRules].filter((rule) => !told.includes(rule.reason));
  expect(silent.map((rule) => rule.name)).toEqual([]);
});

test('the types of the domain know neither Node nor a browser', async () => {
  const output = await outputOf('tsc', ['-p', 'packages/domain']);
  for (const name of ['process', 'setTimeout', 'performance', 'fetch', 'console', 'crypto']) {
    expect(output).toMatch(
      new RegExp(`uses-${name.toLowerCase()}\\.ts.*Cannot find name '${name}'`),
    );
  }
});

/** stdout of one of the repository's tools, run in the copy; that it fails is the point. */
async function outputOf(tool: string, given: string[]): Promise<string> {
  const run = promisify(execFile)(join(root, 'node_modules/.bin', tool), given, {
    cwd: copy,
    maxBuffer: 16 * 1024 * 1024,
  });
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}
