import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  breakerStopsAt,
  decideSubmit,
  type SubmitDecision,
  type SubmitFacts,
} from './decide-submit.ts';
import { jobStates, type JobState } from './job.ts';
import type { Money } from './money.ts';
import { sampleAccount, sampleOffer } from './test-values.ts';

const now_ms = 1_000_000;
const dollars = (amount: number) => BigInt(amount * 1_000_000_000) as Money;

const claimable: SubmitFacts = {
  now_ms,
  chunk: { state: 'ready', reason: null, due_ms: now_ms, numbers: 1_000 },
  job: { state: 'running', maxCost: null, spent: dollars(0) },
  account: {
    pausedReason: null,
    uploadsInFlight: 0,
    recentUnknowns: 0,
    recentUnknownsUntil_ms: 0,
    spentToday: dollars(0),
    dayEnds_ms: now_ms + 3_600_000,
    nextRequest_ms: 0,
  },
  approvedCeiling: null,
  configured: sampleAccount,
  offer: sampleOffer,
};

/** What each reason needs to be true, alone, and what is decided then; in order of precedence. */
const reasons: readonly {
  readonly name: string;
  readonly make: (facts: SubmitFacts) => SubmitFacts;
  readonly decided: SubmitDecision;
}[] = [
  {
    name: 'the job is paused',
    make: (facts) => ({ ...facts, job: { ...facts.job, state: 'paused' } }),
    decided: { kind: 'wait', why: 'job' },
  },
  {
    name: 'it is not due yet',
    make: (facts) => ({ ...facts, chunk: { ...facts.chunk, due_ms: now_ms + 1 } }),
    decided: { kind: 'wait', why: 'not_due' },
  },
  {
    name: 'the account is paused',
    make: (facts) => ({ ...facts, account: { ...facts.account, pausedReason: 'operator' } }),
    decided: { kind: 'block', reason: 'account_paused', due_ms: null },
  },
  {
    name: 'the breaker has stopped the account',
    make: (facts) => ({
      ...facts,
      account: {
        ...facts.account,
        recentUnknowns: breakerStopsAt,
        recentUnknownsUntil_ms: now_ms + 600_000,
      },
    }),
    decided: { kind: 'block', reason: 'breaker', due_ms: now_ms + 600_000 },
  },
  {
    name: 'the job has no money left',
    make: (facts) => ({
      ...facts,
      job: { ...facts.job, maxCost: dollars(1), spent: dollars(0.5) },
    }),
    decided: { kind: 'block', reason: 'job_ceiling', due_ms: null },
  },
  {
    name: 'the account has spent its day’s money',
    make: (facts) => ({
      ...facts,
      configured: { ...facts.configured, dailyCap: dollars(10) },
      account: { ...facts.account, spentToday: dollars(9.5) },
    }),
    decided: { kind: 'block', reason: 'account_cap', due_ms: now_ms + 3_600_000 },
  },
  {
    name: 'all slots are taken',
    make: (facts) => ({ ...facts, account: { ...facts.account, uploadsInFlight: 2 } }),
    decided: { kind: 'wait', why: 'slots' },
  },
  {
    name: 'the provider had no money for us',
    make: (facts) => ({
      ...facts,
      chunk: { ...facts.chunk, state: 'blocked', reason: 'provider_balance' },
    }),
    decided: { kind: 'ask_balance', amount: dollars(1) },
  },
  {
    name: 'the account’s pace is used up',
    make: (facts) => ({ ...facts, account: { ...facts.account, nextRequest_ms: now_ms + 2_001 } }),
    decided: { kind: 'wait', why: 'pace' },
  },
];

describe('decideSubmit', () => {
  test('a chunk that nothing speaks against is claimed, at the configured price', () => {
    expect(decideSubmit(claimable)).toEqual({ kind: 'claim', amount: dollars(1) });
  });

  test.each(reasons)('nothing is sent when $name', ({ make, decided }) => {
    expect(decideSubmit(make(claimable))).toEqual(decided);
  });

  test('of several reasons the first decides, whichever come together', () => {
    fc.assert(
      fc.property(fc.subarray([...reasons], { minLength: 1 }), (together) => {
        const facts = together.reduce((made, reason) => reason.make(made), claimable);
        expect(decideSubmit(facts)).toEqual(together[0]?.decided);
      }),
    );
  });

  test.each(Object.keys(jobStates).filter((state) => state !== 'running') as JobState[])(
    'nothing of a job that is %s is sent',
    (state) => {
      expect(decideSubmit({ ...claimable, job: { ...claimable.job, state } })).toEqual({
        kind: 'wait',
        why: 'job',
      });
    },
  );

  test('a block without a time waits for what ends its reason, not for a doorbell', () => {
    const chunk = { ...claimable.chunk, state: 'blocked', reason: 'canary', due_ms: null } as const;
    expect(decideSubmit({ ...claimable, chunk })).toEqual({ kind: 'wait', why: 'not_due' });
  });

  test.each([
    ['auth', 'auth'],
    ['operator', 'account_paused'],
    ['actual_above_price', 'account_paused'],
  ] as const)('an account paused for %s blocks its chunks as %s', (pausedReason, reason) => {
    const account = { ...claimable.account, pausedReason };
    expect(decideSubmit({ ...claimable, account })).toEqual({
      kind: 'block',
      reason,
      due_ms: null,
    });
  });

  test('after the first unknown outcome an account sends one upload at a time', () => {
    const account = { ...claimable.account, recentUnknowns: 1, uploadsInFlight: 1 };
    expect(decideSubmit({ ...claimable, account })).toEqual({ kind: 'wait', why: 'slots' });
    expect(decideSubmit({ ...claimable, account: { ...account, uploadsInFlight: 0 } }).kind).toBe(
      'claim',
    );
  });

  test('a ceiling may be reached to the last billionth, and not passed by one', () => {
    const job = { ...claimable.job, maxCost: dollars(3), spent: dollars(2) };
    expect(decideSubmit({ ...claimable, job }).kind).toBe('claim');
    const over = { ...job, spent: (dollars(2) + 1n) as Money };
    expect(decideSubmit({ ...claimable, job: over }).kind).toBe('block');
  });
});
