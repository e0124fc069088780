import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCrashPlan } from './crash-point.ts';
import { crashPoints } from './crash-points.ts';

/** A process that passes a point three times, and says so each time. */
function passThrice(armedFor: string | null) {
  const program = `
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
  const { signal, status, stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  return { ended: signal ?? status, said: stdout };
}

test('a process dies by SIGKILL at the passing that it was armed for, and runs nothing more', () => {
  expect(passThrice('plan.job:after_commit')).toEqual({ ended: 'SIGKILL', said: '' });
  expect(passThrice('plan.job:after_commit#3')).toEqual({ ended: 'SIGKILL', said: '1 2 ' });
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
  });
  for (const point of crashPoints)
    expect(readCrashPlan(`${point}#12`)).toEqual({ point, passing: 12 });
  for (const text of ['', 'submit', 'submit:after_answer#0', 'submit:after_answer#', '#1', 'a#1#2'])
    expect(readCrashPlan(text)).toBeNull();
});
