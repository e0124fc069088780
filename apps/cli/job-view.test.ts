import type { Job } from '@rollcall/contract';
import { expect, test } from 'vitest';
import { attentionLines, spentOf } from './job-view.ts';

const unpaid: Pick<Job, 'money' | 'attention'> = {
  money: {
    currency: 'USD',
    max_cost: null,
    cost: '0.3',
    reserved: '0',
    at_risk: '0',
    written_off: '0',
  },
  attention: [
    {
      state: 'waiting',
      reason: 'provider_balance',
      detail: null,
      chunks: 1,
      numbers: 300,
      money_at_risk: '0',
      unpaid: '0.24',
    },
  ],
};

test('what the provider took and nobody has paid is not spent yet', () => {
  expect(spentOf(unpaid)).toEqual({ spent: '0.06', unpaid: '0.24' });
  expect(spentOf({ ...unpaid, attention: [] })).toEqual({ spent: '0.3', unpaid: '0' });
});

test('a task that waits to be paid is told of with its account', () => {
  expect(attentionLines({ ...unpaid, id: 'job_1', account: 'webcom' })).toEqual([
    'waits     provider_balance: 1 upload is at the provider and unpaid, 300 numbers, 0.24 USD',
    '          → rollcall accounts webcom',
  ]);
});

test.each([
  ['unknown', '0.25 USD in doubt'],
  ['artifact', '0.25 USD paid'],
])('the money of what is held for %s is told as %s', (reason, money) => {
  const held = {
    ...unpaid.attention[0],
    state: 'held',
    reason,
    money_at_risk: '0.25',
    unpaid: '0',
  } as Job['attention'][number];
  const [line] = attentionLines({ ...unpaid, id: 'job_1', account: 'webcom', attention: [held] });
  expect(line).toContain(`1 upload, 300 numbers, ${money}`);
});
