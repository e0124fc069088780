import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Breaker } from './breaker.ts';
import { decideSubmit, type SubmitDecision, type SubmitFacts } from './decide-submit.ts';
import type { AttemptId } from './ids.ts';
import { jobStates, type JobState } from './job.ts';
import type { Money } from './money.ts';
import { sampleAccount, sampleOffer } from './test-values.ts';

const now_ms = 1_000_000;
const dollars = (amount: number) => BigInt(amount * 1_000_000_000) as Money;

const claimable: SubmitFacts = {
  now_ms,
  tenant: 'default',
  chunk: { state: 'ready', reason: null, due_ms: now_ms, numbers: 1_000 },
  job: { state: 'running', currency: 'USD', maxCost: null, spent: dollars(0) },
  account: {
    pausedReason: null,
    uploadsInFlight: 0,
    breaker: { state: 'closed' },
    awaitingPayment: false,
    balance: null,
    spentToday: dollars(0),
    dayEnds_ms: now_ms + 3_600_000,
    spentThisMonth: dollars(0),
    monthEnds_ms: now_ms + 7_200_000,
    currencies: ['USD'],
    nextRequest_ms: 0,
  },
  approvedCeiling: null,
  configured: sampleAccount,
  offer: sampleOffer,
};

const open: Breaker = {
  state: 'open',
  since_ms: now_ms,
  until_ms: now_ms + 600_000,
  why: 'unknown_uploads',
  openings: 1,
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
    name: 'the account is for other tenants now',
    make: (facts) => ({ ...facts, configured: { ...facts.configured, tenants: ['sales'] } }),
    decided: { kind: 'block', reason: 'account_withdrawn', due_ms: now_ms + 3_600_000 },
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
        breaker: open,
      },
    }),
    decided: { kind: 'block', reason: 'breaker', due_ms: now_ms + 600_000 },
  },
  {
    name: 'the job’s money is in another currency than the account’s',
    make: (facts) => ({
      ...facts,
      job: { ...facts.job, maxCost: dollars(100), currency: 'EUR' },
    }),
    decided: { kind: 'block', reason: 'job_ceiling', due_ms: null },
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
    name: 'the account has spent its month’s money',
    make: (facts) => ({
      ...facts,
      configured: { ...facts.configured, monthlyCap: dollars(10) },
      account: { ...facts.account, spentThisMonth: dollars(9.5) },
    }),
    decided: { kind: 'block', reason: 'account_cap', due_ms: now_ms + 7_200_000 },
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
    name: 'what the provider took waits for money there',
    make: (facts) => ({ ...facts, account: { ...facts.account, awaitingPayment: true } }),
    decided: { kind: 'block', reason: 'provider_balance', due_ms: now_ms + 120_000 },
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
    name: 'the balance that was told has no room for it',
    make: (facts) => ({
      ...facts,
      account: { ...facts.account, balance: { left: dollars(0.5), told_ms: now_ms - 20_000 } },
    }),
    decided: { kind: 'block', reason: 'provider_balance', due_ms: now_ms + 100_000 },
  },
  {
    name: 'the account’s pace is used up',
    make: (facts) => ({ ...facts, account: { ...facts.account, nextRequest_ms: now_ms + 2_001 } }),
    decided: { kind: 'wait', why: 'pace' },
  },
];

describe('decideSubmit', () => {
  test('a chunk that nothing speaks against is claimed, at the configured price', () => {
    expect(decideSubmit(claimable)).toEqual({
      kind: 'claim',
      amount: dollars(1),
      breakerCanary: false,
    });
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
    const breaker = { state: 'limited', since_ms: now_ms, until_ms: now_ms + 1 } as const;
    const account = { ...claimable.account, breaker, uploadsInFlight: 1 };
    expect(decideSubmit({ ...claimable, account })).toEqual({ kind: 'wait', why: 'slots' });
    expect(decideSubmit({ ...claimable, account: { ...account, uploadsInFlight: 0 } }).kind).toBe(
      'claim',
    );
  });

  test('a half-open breaker lets one chunk go, once nothing of before is on the wire', () => {
    const half: Breaker = {
      state: 'half_open',
      since_ms: now_ms,
      why: 'unknown_uploads',
      openings: 1,
      canary: null,
    };
    const decided = (breaker: Breaker, uploadsInFlight: number) =>
      decideSubmit({ ...claimable, account: { ...claimable.account, breaker, uploadsInFlight } });
    expect(decided(half, 0)).toEqual({ kind: 'claim', amount: dollars(1), breakerCanary: true });
    const waits = { kind: 'block', reason: 'breaker', due_ms: now_ms + 30_000 };
    expect(decided(half, 1)).toEqual(waits);
    expect(decided({ ...half, canary: 'att_1' as AttemptId }, 0)).toEqual(waits);
  });

  test.each([
    ['dailyCap', now_ms + 3_600_000],
    ['monthlyCap', now_ms + 7_200_000],
  ] as const)('a %s is closed while something was reserved in another currency', (cap, due_ms) => {
    const configured = { ...claimable.configured, [cap]: dollars(1_000) };
    const account = { ...claimable.account, currencies: ['EUR', 'USD'] };
    expect(decideSubmit({ ...claimable, configured, account })).toEqual({
      kind: 'block',
      reason: 'account_cap',
      due_ms,
    });
    expect(decideSubmit({ ...claimable, account }).kind).toBe('claim');
  });

  test.each([
    ['suffices to the last billionth', dollars(1), 0, 'claim'],
    ['does not by one', (dollars(1) - 1n) as Money, 0, now_ms + 120_000],
    ['is overdrawn', dollars(-5), 0, now_ms + 120_000],
    ['was told a wait ago is asked for at once', dollars(0), 120_000, now_ms],
    ['was told long ago is asked for at once', dollars(0), 900_000, now_ms],
  ] as const)('a balance that %s', (_, left, age_ms, decided) => {
    const account = { ...claimable.account, balance: { left, told_ms: now_ms - age_ms } };
    const decision = decideSubmit({ ...claimable, account });
    if (decided === 'claim') expect(decision.kind).toBe('claim');
    else expect(decision).toEqual({ kind: 'block', reason: 'provider_balance', due_ms: decided });
    const chunk = { ...claimable.chunk, state: 'blocked', reason: 'provider_balance' } as const;
    // A block of before is never renewed by what was told: it leads to a look.
    expect(decideSubmit({ ...claimable, account, chunk }).kind).toBe('ask_balance');
  });

  test('a ceiling may be reached to the last billionth, and not passed by one', () => {
    const job = { ...claimable.job, maxCost: dollars(3), spent: dollars(2) };
    expect(decideSubmit({ ...claimable, job }).kind).toBe('claim');
    const over = { ...job, spent: (dollars(2) + 1n) as Money };
    expect(decideSubmit({ ...claimable, job: over }).kind).toBe('block');
  });
});
