import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { testBackends } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { readFlags } from './read-flags.ts';

/** The storm as the command is: a short one in every run of the suite, `pnpm storm --runs 200` for the night. */
async function storm(...flags: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...flags],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    );
  });
}

test('a short storm on each backend pays nothing twice, loses nothing, writes nothing stale, sends nobody who objected and ends', async () => {
  const backends = testBackends.length === 1 ? ['--backend', 'postgres'] : [];
  const { code, text } = await storm(
    '--seed',
    'suite',
    '--runs',
    '2',
    '--at-once',
    '2',
    ...backends,
  );
  const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(last, text).toMatchObject({
    seed: 'suite',
    runs: 2,
    paid_twice: 0,
    lost: 0,
    stale_writes: 0,
    partial: 0,
    stuck: 0,
    suppressed_sent: 0,
    not_erased: 0,
    other: 0,
  });
  // What nobody objected to shows nothing.
  expect(last['suppressed'], text).toBeGreaterThanOrEqual(10);
  expect(last['erased'], text).toBeGreaterThanOrEqual(1);
  // Workers slept over their claims and woke over another's: without that, nothing here asks what fences are for.
  const { slept, overtaken } = last as Record<'slept' | 'overtaken', Record<string, number>>;
  expect(slept['ingest:after_parse'], text).toBeGreaterThanOrEqual(1);
  expect(overtaken['ingest:after_parse'], text).toBeGreaterThanOrEqual(1);
  // Of each run, however busy the machine: what it lacks is played late (faults/strike-late.ts).
  expect(last['runs_below_five_kinds'], text).toBe(0);
  expect(last['chunks']).toBeGreaterThanOrEqual(24);
  expect(code, text).toBe(0);
}, 600_000);

test('deaths at crash points, a step of the worker each, cost nothing twice and leave nothing undone', async () => {
  const { code, text } = await storm('--seed', 'suite', '--crash-points', '15', '--at-once', '1');
  const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(last, text).toMatchObject({ paid_twice: 0, lost: 0, stale_writes: 0, stuck: 0, other: 0 });
  const { faults } = last as { faults: Record<string, number> };
  expect(faults['crash_point'], text).toBeGreaterThanOrEqual(15);
  expect(code, text).toBe(0);
}, 600_000);

test('what the storm is asked for wrongly is refused', () => {
  expect(readFlags(['--runs', 'many'])).toEqual({
    problem: '--runs: write a whole number from 1 to 100000',
  });
  expect(readFlags(['--backend', 'kafka'])).toEqual({
    problem: '--backend: write redis or postgres',
  });
  expect(readFlags(['--crash-points', '10', '--baseline'])).toEqual({
    problem: '--crash-points: goes without --baseline and --real-leases',
  });
  expect(readFlags(['--crash-points', '1000'])).toMatchObject({ crashPoints: 1_000, runs: 4 });
});
