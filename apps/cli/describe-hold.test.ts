import type { WholeHold } from '@rollcall/contract';
import { expect, test } from 'vitest';
import { describeHold } from './describe-hold.ts';

const hold: WholeHold = {
  chunk_id: 'chk_1',
  job_id: 'job_1',
  account: 'ekycpro',
  check: 'telegram',
  numbers: 300,
  reason: 'unknown',
  detail: 'connection_lost',
  attempt_id: 'att_1',
  attempt_outcome: 'unknown',
  task_id: null,
  money_at_risk: '0.15',
  currency: 'USD',
  held_since: '2024-08-01T05:01:13.120Z',
  held_again_at: null,
  allowed: ['adopt', 'pay_again', 'give_up'],
  upload: {
    intended_at: '2024-08-01T05:00:52.900Z',
    started_at: '2024-08-01T05:00:53.004Z',
    settled_at: '2024-08-01T05:01:13.100Z',
    headers_sent: true,
    body_bytes: 4_000,
    body_bytes_sent: 4_000,
    http_status: null,
    transport_error: 'ECONNRESET',
    body_excerpt: null,
    balance_before: null,
    balance_after: null,
  },
  evidence: [],
  decisions: [],
};
const accepted: Partial<WholeHold> = { attempt_outcome: 'accepted', task_id: 'cn-7' };
const lineOf = (name: string, changes: Partial<WholeHold>) =>
  describeHold({ ...hold, ...changes }).find((line) => line.startsWith(`${name} `));

test.each<[string, Partial<WholeHold>, string | undefined]>([
  [
    'whether a lost upload became a task',
    {},
    'was a task of 300 numbers made between 2024-08-01 05:00:53Z and 2024-08-01 05:01:13Z? Which id has it, and was it charged?',
  ],
  [
    'the same of an upload whose answer came within the second',
    { upload: { ...hold.upload, settled_at: '2024-08-01T05:00:53.400Z' } },
    'was a task of 300 numbers made at 2024-08-01 05:00:53Z?',
  ],
  [
    'for the money of a task that failed',
    { ...accepted, reason: 'upstream_failed' },
    'task cn-7 of 300 numbers, made at 2024-08-01 05:00:53Z, failed. Was it charged',
  ],
  [
    'what became of a task that is silent',
    { ...accepted, reason: 'poll' },
    'what became of task cn-7 of 300 numbers, made at 2024-08-01 05:00:53Z?',
  ],
  ['nothing about a file that is here', { ...accepted, reason: 'artifact' }, undefined],
])('the support is asked %s', (_, changes, question) => {
  const line = lineOf('ask', changes);
  if (question === undefined) expect(line).toBeUndefined();
  else expect(line).toContain(question);
});

test('money that was spent is not in doubt', () => {
  expect(lineOf('money', {})).toBe('money     0.15 USD in doubt');
  expect(lineOf('money', { ...accepted, reason: 'artifact' })).toBe('money     0.15 USD paid');
});

test('an upload that is held again says so beside its first time', () => {
  expect(lineOf('held', { held_again_at: '2024-08-01T06:30:00.500Z' })).toBe(
    'held      unknown (connection_lost) since 2024-08-01 05:01:13Z, again since 2024-08-01 06:30:00Z',
  );
});

test('printed commands have places to fill in that are refused as they are', () => {
  const text = describeHold(hold).join('\n');
  expect(text).toContain("--decision adopt --reason '…' --task-id '…'");
  expect(text).toContain("--decision pay_again --reason '…' --cost-ceiling 0.15");
  expect(text).not.toContain('WHY');
});
