import { readAccounts } from '@rollcall/config';
import type { AccountHealthRow } from '@rollcall/db';
import { expect, test } from 'vitest';
import type { AccountFacts } from './account-view.ts';
import { accountsText } from './testing/ground.ts';
import { topUpOf } from './top-up-view.ts';

const read = readAccounts(accountsText, {}, { withKeys: false });
if (!read.ok) throw new Error(read.problems.join('\n'));
const configured = read.accounts.accounts.get('alpha');
if (!configured) throw new Error('the accounts of the tests have changed');

const since = new Date('2026-01-01T12:00:00Z');
const blocked = {
  account: 'alpha',
  checkName: 'telegram',
  chunks: 3,
  numbers: 2_500,
  tasks: 1,
  tasksAmount: '0.400000000',
  since,
};
const health: AccountHealthRow = {
  account: 'alpha',
  pausedReason: null,
  pausedAt: null,
  pauseNote: null,
  semanticsConfirmed: true,
  semanticsConfirmedAt: null,
  semanticsNote: null,
  balance: null,
  balanceAt: null,
  uploadsInFlight: 0,
  breaker: { state: 'closed' },
  unknownRecent: 0,
  breakerResetAt: null,
  breakerResetNote: null,
  resumedAt: null,
  resumedNote: null,
};
const facts = (told: Partial<AccountHealthRow>, unpaid = [blocked]): AccountFacts => ({
  configured,
  isOperator: true,
  health: { ...health, ...told },
  chunks: [],
  money: null,
  counted: null,
  trouble: null,
  unpaid,
});
const later = new Date(since.getTime() + 120_000);

test('what waits for the provider’s money is what was not sent, by its price, and the tasks that were taken', () => {
  expect(topUpOf(facts({}))).toEqual({
    needed: '1.4',
    waits: '1.4',
    uploads: 4,
    tasks: 1,
    since: since.toISOString(),
  });
  expect(topUpOf(facts({}, []))).toBeNull();
});

test.each([
  ['told since they wait is taken off', '0.3', later, '1.1'],
  ['told before is gone, and is not', '0.3', new Date(since.getTime() - 1), '1.4'],
  ['that suffices leaves nothing to pay in', '5', later, '0'],
])('a balance %s', (_, balance, balanceAt, needed) => {
  expect(topUpOf(facts({ balance, balanceAt }))).toMatchObject({ needed, waits: '1.4' });
});
