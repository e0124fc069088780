import { expect, test } from 'vitest';
import { flag } from './flags.ts';
import { runCli } from './testing/run-cli.ts';

test.each(['WHY', 'ID', '…', ' … ', '...', 'FILE'])('%j is nothing that was filled in', (text) => {
  expect(() => flag.filledIn(text)).toThrow('Fill it in');
});

test.each(['why not', 'id 4711', 'support said so …', 'WHY: ticket 7'])('%j is kept', (text) => {
  expect(flag.filledIn(text)).toBe(text);
});

test.each([
  ['check', 'numbers.csv', '--requested-by', 'WHO'],
  ['retry', 'job_01929d3e-8c00-7a31-9f5c-0242ac120002', '--approve', 'WHY'],
  ['replay', 'chk_01929d3e-8c00-7a31-9f5c-0242ac120003', '--reason', '…'],
  ['holds', 'artifact', 'chk_01929d3e-8c00-7a31-9f5c-0242ac120003', '--out', 'FILE'],
])('%s refuses its placeholder before anything is sent', async (...words) => {
  // Nobody listens there.
  const ran = await runCli(words, { url: 'http://127.0.0.1:1', key: 'rc_live_none' });
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('Fill it in')]);
});
