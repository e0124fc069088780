import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileRules } from './file-rules.ts';
import { importRules } from './import-rules.ts';
import { crossings, permitted } from './planted-files.ts';

// Each rule is seen to fail: a copy of the configuration gets one file that crosses each boundary, and the linter of
// `pnpm check` runs over all of them. What is allowed is planted as well, and must pass.

const root = join(import.meta.dirname, '..');

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
  await cp(
    join(root, 'packages/domain/phone-number.ts'),
    join(copy, 'packages/domain/phone-number.ts'),
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
