import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { buildProgram } from '../program.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './scripts.ts';
import { wordsOf } from './words-of.ts';

const words = wordsOf(await buildProgram(() => () => Promise.resolve()).whole());

/** What bash offers for the last of these words. */
async function offered(...typed: string[]): Promise<string[]> {
  const script = `${bashCompletion(words)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rollcall; printf '%s\\n' "\${COMPREPLY[@]}"`;
  // What would ask the API finds no rollcall there.
  const environment = { PATH: '/usr/bin:/bin' };
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...typed], {
    env: environment,
    cwd: import.meta.dirname,
  });
  return stdout.split('\n').filter(Boolean);
}

test('bash completes commands, subcommands, flags and files', async () => {
  expect(await offered('rollcall', 'ho')).toEqual(['holds']);
  expect(await offered('rollcall', 'holds', 'r')).toEqual(['resolve']);
  expect(await offered('rollcall', 'holds', 'resolve', '--dec')).toEqual(['--decision']);
  expect(await offered('rollcall', '--json', 'check', '--pur')).toEqual(['--purpose']);
  expect(await offered('rollcall', 'check', 'words')).toEqual(['words-of.ts']);
  expect(await offered('rollcall', 'check', 'x', '--out', 'words')).toEqual(['words-of.ts']);
  expect(await offered('rollcall', 'check', 'x', '--check', '')).toEqual([]);
  expect(await offered('rollcall', 'suppress', 'remove', '--era')).toEqual(['--erasure']);
  expect(await offered('rollcall', 'suppress', 'add', 'words')).toEqual(['words-of.ts']);
  expect(await offered('rollcall', 'erase', 'words')).toEqual(['words-of.ts']);
});

test('zsh and fish are told every command and flag, inside quotes that hold', () => {
  const [zsh, fish] = [zshCompletion(words), fishCompletion(words)];
  for (const { subcommands, flags } of words) {
    for (const { name } of subcommands) {
      expect(zsh).toContain(`'${name}:`);
      expect(fish).toContain(` -a ${name} `);
    }
    for (const { name } of flags) {
      expect(zsh).toContain(`'${name}:`);
      expect(fish).toContain(` -l ${name.slice(2)}`);
    }
  }
  for (const line of fish.split('\n')) expect(line.split("'").length % 2).toBe(1);
});
