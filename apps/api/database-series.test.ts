import type { BreakerState } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { databaseSeries, noFacts } from './database-series.ts';

/** What an account's breaker is told as. */
function told(breaker: BreakerState) {
  const account = {
    account: 'acme',
    currency: 'USD',
    balance: null,
    balance_age_seconds: null,
    paused_reason: null,
    unknown_uploads: 3,
    breaker,
    reserved_today: 0,
    reserved_this_month: 0,
  };
  const facts = { ...noFacts, accounts: [account] };
  const series = databaseSeries({ facts, took_seconds: 0 }, new Map());
  return {
    open: series.get('rollcall_account_breaker_open')?.map(({ value }) => value),
    states: series.get('rollcall_account_breaker')?.map(({ labels }) => labels['state']),
  };
}

test('a breaker that lets a chunk try is not told as open, so that nobody is called while it finds out by itself', () => {
  expect(told('closed')).toEqual({ open: [0], states: ['closed'] });
  expect(told('limited')).toEqual({ open: [0], states: ['limited'] });
  expect(told('open')).toEqual({ open: [1], states: ['open'] });
  expect(told('half_open')).toEqual({ open: [0], states: ['half_open'] });
});
