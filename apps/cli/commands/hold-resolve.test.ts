import { expect, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';
import { decidedText } from './hold-resolve.ts';

/** What is refused before anything is sent: nobody listens there. */
const rollcall = (...words: string[]) =>
  runCli(words, { url: 'http://127.0.0.1:1', key: 'rc_live_none' });
type ResolvedHold = Parameters<typeof decidedText>[0];

const chunk = 'chk_01929d3e-8c00-7a31-9f5c-0242ac120003';
const attempt = 'att_01929d3e-8c00-7a31-9f5c-0242ac120004';
const why = ['--reason', 'ticket 4711'];

test('the help of a decision names every flag that names holds', async () => {
  const { code, out } = await rollcall('holds', 'resolve', '--help');
  expect(code).toBe(0);
  for (const name of ['account', 'job', 'held-as', 'check', 'detail', 'held-before', 'expect']) {
    expect(out).toMatch(new RegExp(`^ +--${name} <.*without an id:`, 'm'));
  }
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    'without an id: that all of them may cost together',
  );
});

test.each([
  ['--reason', ['--decision', 'give_up', '--reason', 'WHY']],
  ['--reason', ['--decision', 'give_up', '--reason', '…']],
  ['--task-id', ['--decision', 'adopt', ...why, '--task-id', 'ID']],
  ['--task-id', ['--decision', 'adopt', ...why, '--task-id', '…']],
])('%s is not what a printed command has in its place: %j', async (name, words) => {
  const { code, err } = await rollcall('holds', 'resolve', chunk, ...words);
  expect([code, err]).toEqual([2, expect.stringMatching(`'${name} [^]*Fill it in`)]);
});

test.each([
  [[chunk, '--idempotency-key', 'again'], '--idempotency-key names many holds'],
  [[chunk, '--expect', '1'], '--expect names many holds'],
  [[chunk, '--account', 'ekycpro'], '--account names many holds'],
  [[chunk, '--held-before', '2024-08-01T00:00:00Z'], '--held-before names many holds'],
  [['--account', 'ekycpro', '--attempt', attempt], '--attempt goes with the id of one hold'],
])('a flag that would do nothing is refused: %j', async (words, said) => {
  const ran = await rollcall('holds', 'resolve', ...words, '--decision', 'give_up', ...why);
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(said)]);
});

test('a decision that was made before is told as that one', () => {
  const resolved = {
    chunk: { id: chunk, state: 'ready' } as ResolvedHold['chunk'],
    decision: {
      decision: 'pay_again',
      chunk_id: chunk,
      attempt_id: attempt,
      decided_by: 'key_1 (ops)',
      reason: 'ticket 4711',
      task_id: null,
      cost_ceiling: '1',
      not_charged: false,
      at: '2024-08-01T05:01:13.120Z',
    },
  } satisfies Omit<ResolvedHold, 'repeated'>;
  expect(decidedText({ ...resolved, repeated: false })).toBe(
    `${chunk}: pay_again; it is ready now.`,
  );
  expect(decidedText({ ...resolved, repeated: true })).toBe(
    `${chunk}: pay_again was already decided at 2024-08-01 05:01:13Z by key_1 (ops); nothing more is paid, it is ready now.`,
  );
});
