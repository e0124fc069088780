import { expect, test } from 'vitest';
import { etaSeconds } from './eta.ts';

const start = new Date('2024-08-01T00:00:00Z');
const job = { state: 'running', answered: 250, pending: 750, created_at: start, planned_at: start };
const after = (seconds: number) => start.getTime() + seconds * 1_000;

test.each([
  ['a quarter in 10 s leaves 30 s', job, after(10), 30],
  ['nothing left', { ...job, answered: 1_000, pending: 0 }, after(10), 0],
  ['a cancelled job ends too', { ...job, state: 'cancelling' }, after(10), 30],
  ['only the first, small chunk answered', { ...job, answered: 1, pending: 999 }, after(10), null],
  ['nothing answered yet', { ...job, answered: 0 }, after(10), null],
  ['paused', { ...job, state: 'paused' }, after(10), null],
  ['closed', { ...job, state: 'completed' }, after(10), null],
  ['a clock that runs behind', job, after(-5), 1],
])('%s', (_what, given, now_ms, expected) => {
  expect(etaSeconds(given, now_ms)).toBe(expected);
});
