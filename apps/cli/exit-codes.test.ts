import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { buildProgram } from './program.ts';

const page = await readFile(new URL('../../docs/command-line.md', import.meta.url), 'utf8');

test('docs/command-line.md has every exit code, and no other', () => {
  const [, table = ''] = page.split('## Exit codes');
  const rows = [...table.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, means]) => [
    code,
    means,
  ]);
  expect(rows).toEqual(Object.values(exitCodes).map(({ code, means }) => [String(code), means]));
});

test('docs/command-line.md names every command', () => {
  const { program } = buildProgram(() => () => Promise.resolve());
  const [, table = ''] = page.split('## Commands');
  const missing = program.commands.filter((command) => !table.includes(command.name()));
  expect(missing.map((command) => command.name())).toEqual([]);
});
