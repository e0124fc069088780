import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@rollcall/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type Program, processesIn, runProgram } from './testing/run-program.ts';
import { takePort } from './testing/take-port.ts';

const nobody = 65_534;
/** A busy machine takes a minute for the start alone. */
const startLimit_ms = 180_000;
const demoLimit_ms = 300_000;
const isLinux = process.platform === 'linux';

test('the demo compares every row of seven checks and ends well, for an ordinary user and with the usual ports taken', {
  timeout: demoLimit_ms,
}, async ({ skip }) => {
  const home = await mkdtemp(join(tmpdir(), 'home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await chown(home, nobody, nobody);
    if (!(await canRead(nobody))) skip('another account cannot read this checkout');
  }
  await Promise.all([8080, 5432, 6379].map(takePort));
  const demo = runProgram('demo', ['--numbers', '400'], { home, ...(isRoot && { uid: nobody }) });
  expect(await demo.ended, demo.output()).toBe(0);
  const lines = demo.output().trimEnd().split('\n');
  expect(lines.at(-1)).toBe(
    'demo ok: 7 checks, 2779 numbers, 2779 rows, 0 mismatches, 0 paid twice',
  );
  for (const row of [
    'whatsapp webcom',
    'telegram webcom',
    'telegram ekycpro',
    'facebook ekycpro-facebook',
  ]) {
    expect(lines.join('\n')).toMatch(new RegExp(`^ *${row.replace(' ', ' +')} +\\d+ +\\d+ `, 'm'));
  }
  // Something was searched in each place, and nothing found.
  for (const place of ['log of the api', 'log of the worker', 'queue', 'metrics', 'audit trail']) {
    expect(lines.join('\n')).toMatch(new RegExp(`^ *${place} +[1-9]\\d* +0$`, 'm'));
  }
  await rm(home, { recursive: true, force: true });
  await expectNothingLeft();
});

test.skipIf(!isLinux)(
  'Ctrl-C stops it in order and leaves nothing',
  { timeout: demoLimit_ms },
  async () => {
    const demo = await runUntilSending();
    demo.signal('SIGINT');
    expect(await demo.ended, demo.output()).toBe(130);
    expect(demo.output()).not.toContain('demo failed');
    await expectNothingLeft();
  },
);

test.skipIf(!isLinux)(
  'kill -9 of the demo ends all that it started',
  { timeout: demoLimit_ms },
  async () => {
    const demo = await runUntilSending();
    demo.signal('SIGKILL');
    expect(await demo.ended).toBe('SIGKILL');
    await expectNothingLeft();
  },
);

test.skipIf(!isLinux)(
  'a worker that dies fails the demo, which says so and shows its log',
  { timeout: demoLimit_ms },
  async () => {
    const demo = await runUntilSending();
    const worker = (await processesIn(tmpdir())).find(({ command }) =>
      command.includes('apps/worker/main.ts'),
    );
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    expect(await demo.ended, demo.output()).toBe(1);
    expect(demo.output()).toContain('demo failed: the worker ended by itself (SIGKILL)');
    expect(demo.output()).toContain('The log of the worker ends:\n{');
    expect(demo.output()).not.toContain('demo ok');
    await expectNothingLeft();
  },
);

/** Enough numbers that it is not done before we act. */
async function runUntilSending(): Promise<Program> {
  const demo = runProgram('demo', ['--numbers', '2000']);
  const sending = () => demo.output().includes('Sending 7 jobs');
  await Promise.race([
    waitFor(sending, { timeoutMs: startLimit_ms, describe: 'the demo to send its jobs' }),
    demo.ended.then((code) => Promise.reject(new Error(`ended early (${code}): ${demo.output()}`))),
  ]);
  return demo;
}

/** A stop whose Postgres is gone first is bounded by 30 s (P13). */
async function expectNothingLeft(): Promise<void> {
  const timeoutMs = 35_000;
  if (isLinux) {
    await waitFor(async () => (await processesIn(tmpdir())).length === 0, {
      timeoutMs,
      describe: 'processes to end',
    });
  }
  await waitFor(async () => (await readdir(tmpdir())).length === 0, {
    timeoutMs,
    describe: 'folders to go',
  });
  expect(await readdir(tmpdir())).toEqual([]);
}

async function canRead(uid: number): Promise<boolean> {
  const reading = promisify(execFile)(
    process.execPath,
    [
      '-e',
      `require('node:fs').readFileSync(${JSON.stringify(join(import.meta.dirname, 'demo.ts'))})`,
    ],
    { uid, gid: uid, cwd: '/' },
  );
  return reading.then(
    () => true,
    () => false,
  );
}
