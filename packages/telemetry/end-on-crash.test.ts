import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const number = '447911123456';
const thrown = `Object.assign(new Error('duplicate ${number}'), { detail: 'Key (number)=(${number}) already exists.', code: '23505' })`;

/** A program that ends by an error that nobody catches. */
function crash(
  how: string,
  prepare = 'endOnCrash(createLogger({ name: "test", level: "info" }));',
) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createLogger, endOnCrash } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
       ${prepare}
       ${how}`,
    ],
    { encoding: 'utf8' },
  );
  return { status, said: stdout + stderr };
}

test.each([
  ['thrown by a timer', `setTimeout(() => { throw ${thrown}; }, 1);`, 'uncaughtException'],
  ['a promise that nobody awaits', `void Promise.reject(${thrown});`, 'unhandledRejection'],
  [
    'an emitter without a listener',
    `setTimeout(() => process.stdin.emit('error', ${thrown}), 1);`,
    'uncaughtException',
  ],
])('%s ends the process with one line that holds no number', (_, how, origin) => {
  const { status, said } = crash(how);
  expect(status).toBe(1);
  expect(said).not.toContain(number);
  expect(JSON.parse(said)).toMatchObject({
    level: 'error',
    event: 'process.failed',
    reason: origin,
    error_code: '23505',
    error_message: 'duplicate [number]',
  });
});

test('without it Node prints the number: this test would notice', () => {
  expect(crash(`void Promise.reject(${thrown});`, '').said).toContain(number);
});
