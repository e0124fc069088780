import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readCrashPlan } from './crash-point.ts';
import { crashPoints } from './crash-points.ts';

/** Passes a point three times, and says so each time. */
function programOf(armedFor: string | null): string {
  return `
    import { armCrashPoint, crashPoint, readCrashPlan } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    import { writeSync } from 'node:fs';
    armCrashPoint(${armedFor === null ? 'null' : `readCrashPlan(${JSON.stringify(armedFor)})`});
    process.on('exit', () => writeSync(1, 'exit handler '));
    for (const passing of [1, 2, 3]) {
      try {
        crashPoint('plan.job:after_commit');
        writeSync(1, passing + ' ');
      } finally {
        crashPoint('plan.job:before_commit');
      }
    }`;
}

function passThrice(armedFor: string | null) {
  const { signal, status, stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', programOf(armedFor)],
    { encoding: 'utf8' },
  );
  return { ended: signal ?? status, said: stdout };
}

test('a process dies by SIGKILL at the passing that it was armed for, and runs nothing more', () => {
  expect(passThrice('plan.job:after_commit')).toEqual({ ended: 'SIGKILL', said: '' });
  expect(passThrice('plan.job:after_commit#3')).toEqual({ ended: 'SIGKILL', said: '1 2 ' });
});

test('a process that was to be stopped says where it is, does nothing more, and goes on when it is woken', async () => {
  const program = programOf('plan.job:after_commit#2#stop');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const [line] = (await once(child.stderr, 'data')) as [Buffer];
  expect(line.toString()).toBe('stopped at plan.job:after_commit\n');
  const state = () => execFileSync('ps', ['-o', 'stat=', '-p', String(child.pid)]).toString();
  await vi.waitFor(() => expect(state()).toMatch(/^T/), 10_000);
  expect(said).toBe('1 ');
  child.kill('SIGCONT');
  expect(await ended).toEqual([0, null]);
  await vi.waitFor(() => expect(said).toBe('1 2 3 exit handler '), 10_000);
});

test('a process that is not armed, or for another point, passes', () => {
  const whole = { ended: 0, said: '1 2 3 exit handler ' };
  expect(passThrice(null)).toEqual(whole);
  expect(passThrice('poll:before_call')).toEqual(whole);
});

test('a plan is one of the closed list and the passing that counts', () => {
  expect(readCrashPlan('submit:after_answer')).toEqual({
    point: 'submit:after_answer',
    passing: 1,
    how: 'die',
  });
  expect(readCrashPlan('submit:after_answer#2#stop')).toEqual({
    point: 'submit:after_answer',
    passing: 2,
    how: 'stop',
  });
  for (const point of crashPoints)
    expect(readCrashPlan(`${point}#12`)).toEqual({ point, passing: 12, how: 'die' });
  for (const text of [
    '',
    'submit',
    'submit:after_answer#0',
    'submit:after_answer#',
    'submit:after_answer#stop',
    'submit:after_answer#1#2',
    'submit:after_answer#1#stop#2',
    '#1',
  ])
    expect(readCrashPlan(text)).toBeNull();
});
