import { readAccounts } from '@rollcall/config';
import { parseMoney } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { accountOf } from './account-view.ts';
import { accountsText } from './testing/ground.ts';

const read = readAccounts(accountsText, {}, { withKeys: false });
if (!read.ok) throw new Error(read.problems.join('\n'));
const alpha = read.accounts.accounts.get('alpha');
if (!alpha) throw new Error('the accounts of the tests have changed');
const facts = {
  configured: { ...alpha, dailyCap: parseMoney('0.6'), monthlyCap: parseMoney('5') },
  isOperator: true,
  health: null,
  chunks: [],
  trouble: null,
  unpaid: [],
  money: {
    account: 'alpha',
    reserved: '0',
    at_risk: '0',
    written_off: '0.400000000',
    committed_today: '0.550000000',
    committed_this_month: '0.550000000',
  },
};
const counted = { account: 'alpha', today: '0.950000000', this_month: '1.200000000' };

test('what counts against a cap is shown with what it has room for, written-off money included', () => {
  expect(accountOf({ ...facts, counted }).money).toMatchObject({
    committed_today: '0.55',
    written_off: '0.4',
    counted_today: '0.95',
    daily_cap_left: '0',
    counted_this_month: '1.2',
    monthly_cap_left: '3.8',
  });
});

test('a cap of which nothing was used yet is all left, and where there is none nothing is said', () => {
  const configured = { ...facts.configured, monthlyCap: null };
  expect(accountOf({ ...facts, configured, counted: null }).money).toMatchObject({
    counted_today: '0',
    daily_cap_left: '0.6',
    counted_this_month: null,
    monthly_cap_left: null,
  });
});
