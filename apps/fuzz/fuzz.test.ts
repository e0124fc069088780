import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFlags } from './read-flags.ts';

/** The fuzz as the command is: a short one in every run of the suite, `pnpm fuzz --seconds 3600` for the night. */
async function fuzz(...flags: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...flags],
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    );
  });
}

test('damaged files of known content are refused, held, or read for what they say; each case can be played again', async () => {
  const { code, text } = await fuzz('--seed', 'suite', '--seconds', '5');
  const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(last, text).toMatchObject({ seed: 'suite', seconds: 5, findings: 0 });
  expect(last['cases']).toBeGreaterThanOrEqual(5);
  expect(code).toBe(0);
  const again = await fuzz('--seed', 'suite', '--case', '3');
  expect(again.text).toContain('"cases":1,');
});

test('what it is asked for wrongly is refused', () => {
  expect(readFlags(['--seconds', 'long'])).toEqual({
    problem: '--seconds: write a whole number from 1 to 86400',
  });
  expect(readFlags(['--case', '-1'])).toMatchObject({ problem: expect.any(String) });
  expect(readFlags(['--seed', 'x', '--case', '17'])).toMatchObject({ seed: 'x', only: 17 });
});
