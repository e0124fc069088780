import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

// What a run of vitest ends with, seen on runs of their own over the suites in fixtures/.

const vitest = join(import.meta.dirname, '../../node_modules/.bin/vitest');

test('the last line counts what passed, failed and was skipped', async () => {
  const { code, lastLine } = await run('ends-in-every-way');
  expect(lastLine).toBe('2 passed, 1 failed, 1 skipped');
  expect(code).toBe(1);
});

test('a file that does not load counts as failed', async () => {
  const { code, lastLine } = await run('does-not-load');
  expect(lastLine).toBe('0 passed, 1 failed, 0 skipped');
  expect(code).toBe(1);
});

test('a file that leaves a file, a process and a listening socket behind fails, though its test passed', async () => {
  const { code, lastLine, output } = await run('leaves-things-behind');
  expect(output).toMatch(
    /left behind: file forgotten-\w+ .*; 1 listening sockets; process \d+ cat/,
  );
  expect(lastLine).toBe('1 passed, 1 failed, 0 skipped');
  expect(code).toBe(1);
});

test('a test that passed only when it was tried again is told with what it failed with', async () => {
  const { code, lastLine, output } = await run('passes-when-tried-again');
  expect(output).toMatch(
    /1 PASSED ONLY WHEN TRIED AGAIN.*\n {2}passes-when-tried-again\.suite\.ts > needs a second try\n.*expected 1 to be 2/,
  );
  expect(lastLine).toBe('1 passed, 0 failed, 0 skipped');
  expect(code).toBe(0);
});

test('a run that finds no file to run does not count as passed', async () => {
  const { code, lastLine } = await run('no-such-suite');
  expect(lastLine).toBe('0 passed, 1 failed, 0 skipped');
  expect(code).toBe(1);
});

async function run(
  suite: string,
): Promise<{ code: unknown; output: string; lastLine: string | undefined }> {
  const config = join(import.meta.dirname, 'fixtures/vitest.config.ts');
  const child = spawn(vitest, ['run', '--config', config, suite], {
    cwd: join(import.meta.dirname, 'fixtures'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, output: `${output}${errors}`, lastLine: output.trimEnd().split('\n').at(-1) };
}
