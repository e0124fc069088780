import type { Account } from '@rollcall/contract';
import { expect, test } from 'vitest';
import { accountFindings } from './examine-accounts.ts';
import { findingLines } from './finding-lines.ts';

const since = '2024-08-01T09:31:20.000Z';
const account: Account = {
  id: 'webcom',
  adapter: 'webcom',
  state: 'ready',
  paused: null,
  advice: null,
  checks: ['viber'],
  currency: 'USD',
  balance: null,
  uploads: { in_flight: 0, at_once_max: 1 },
  chunks: { ready: 0, submitting: 0, polling: 0, ingesting: 0, held: 0, blocked: 0 },
  money: {
    reserved: '0',
    at_risk: '0',
    written_off: '0',
    committed_today: '0',
    committed_this_month: '0',
    daily_cap: null,
    monthly_cap: null,
    counted_today: null,
    counted_this_month: null,
    daily_cap_left: null,
    monthly_cap_left: null,
  },
  top_up: null,
  last_error: null,
  last_resumed: null,
  semantics_confirmed: true,
  semantics_confirmation: null,
  breaker: {
    state: 'closed',
    why: null,
    since: null,
    resets_at: null,
    unknown_recent: 0,
    last_closed: null,
  },
  links: { self: '', holds: '' },
};
const told = (change: Partial<Account>) =>
  accountFindings({ ...account, ...change }).flatMap(findingLines);

test('an account that is well is no finding', () => {
  expect(told({})).toEqual([]);
});

test('a task that waits to be paid is told of, with what to pay in and where to look', () => {
  const top_up = { needed: '0.19', waits: '0.24', uploads: 1, tasks: 1, since };
  expect(told({ state: 'limited', top_up })).toEqual([
    'account_waits: webcom: 1 task waits for payment · since 2024-08-01 09:31:20Z · top up at least 0.19 USD',
    '    → rollcall accounts webcom',
  ]);
  expect(told({ top_up: { ...top_up, uploads: 3 } })[0]).toContain(
    "1 task waits for payment, 2 uploads wait for the provider's money",
  );
});

test('with money paid in, uploads go by themselves, and a task may have to be paid by hand', () => {
  const paid = { needed: '0', waits: '0.24', uploads: 1, since };
  expect(told({ top_up: { ...paid, tasks: 0 } })).toEqual([]);
  expect(told({ top_up: { ...paid, tasks: 1 } })[0]).toContain('pay at the provider');
});

test('an open breaker leads to what it was opened for, and once nothing is held to its end', () => {
  const open: Partial<Account> = {
    state: 'breaker_open',
    breaker: { ...account.breaker, state: 'open', why: 'unreadable_answer', unknown_recent: 1 },
  };
  const held = { ...account.chunks, held: 1 };
  expect(told({ ...open, chunks: held })).toEqual([
    'account_stopped: the breaker of webcom is open: opened for unreadable_answer, 1 unknown upload in ten minutes, nothing waits for it',
    '    → rollcall holds --account webcom',
  ]);
  expect(told(open)).toEqual([
    expect.stringContaining('opened for unreadable_answer, nothing of it is held any more'),
    "    → rollcall accounts resume webcom --reason '…'",
  ]);
});

test.each([
  ['webcom', 'can put one more upload in doubt'],
  ['simple-tasks', 'is refused again, for free'],
])('a refused key of %s: the old one %s', (adapter, said) => {
  const paused = { reason: 'auth', since, note: null } as const;
  const lines = told({ state: 'paused', adapter, paused });
  expect(lines.slice(1)).toEqual([
    "    put a valid key into the workers' environment and restart them, then",
    "    → rollcall accounts resume webcom --reason '…'",
    expect.stringContaining(said),
  ]);
});
