import { expect, test } from 'vitest';
import { endingOf, retryCommandOf } from './closed-job.ts';

test.each([
  ['completed', { registered: 5, undetermined: 1 }, 'done'],
  ['completed', { registered: 5, missing: 1 }, 'withErrors'],
  ['completed_with_errors', { registered: 5, failed: 1 }, 'withErrors'],
  ['cancelled', { registered: 5, cancelled: 1 }, 'failed'],
  ['cancelled', { registered: 5 }, 'done'],
  ['cancelled', { registered: 5, missing: 1 }, 'withErrors'],
  ['failed', {}, 'failed'],
] as const)('a job that is %s with %o ends the wait as %s', (state, outcomes, ending) => {
  expect(endingOf({ state, outcomes })).toBe(ending);
});

test('a retry is offered for what it asks again, by name', () => {
  const commandOf = (outcomes: Record<string, number>) => retryCommandOf({ id: 'job_1', outcomes });
  expect(commandOf({ registered: 1, missing: 2 })).toBe('rollcall retry job_1 --include missing');
  expect(commandOf({ failed: 1, missing: 2 })).toBe(
    'rollcall retry job_1 --include failed,missing',
  );
  expect(commandOf({ registered: 1, cancelled: 2, failed: 0 })).toBeNull();
});
