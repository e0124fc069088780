import { describe, expect, test } from 'vitest';
import { type AnsweredFacts, decideAnswered, freeTriesMax } from './decide-submit.ts';
import type { RefusalClass, SubmitAnswer, UnknownReason } from './provider-answer.ts';
import { sampleAccount, sampleEvidence, sampleOffer } from './test-values.ts';

const now_ms = 1_000_000;
const facts: AnsweredFacts = {
  now_ms,
  random: 0.5,
  numbers: 100,
  freeTries: 0,
  jobCancelled: false,
  pace: null,
  configured: sampleAccount,
  offer: sampleOffer,
};
const cancelled = { ...facts, jobCancelled: true };
const lastTry = { ...facts, freeTries: freeTriesMax - 1 };

const accepted: SubmitAnswer = {
  kind: 'accepted',
  taskId: 'task-1',
  status: null,
  estimated: null,
  evidence: sampleEvidence,
};
const notSent: SubmitAnswer = {
  kind: 'not_sent',
  reason: 'ECONNREFUSED',
  evidence: sampleEvidence,
};
const refused = (refusal: RefusalClass, retryAfter_ms: number | null = null): SubmitAnswer => ({
  kind: 'refused_free',
  refusal,
  message: 'the provider’s words',
  limit: null,
  retryAfter_ms,
  evidence: sampleEvidence,
});
const unknownReasons: readonly UnknownReason[] = [
  'worker_died',
  'no_answer',
  'connection_lost',
  'unreadable_answer',
  'not_success',
  'no_task_id',
  'duplicate_task_id',
  'status_not_listed_as_free',
];

describe('decideAnswered', () => {
  test('an accepted task is polled from the floor on, until its deadline', () => {
    expect(decideAnswered(accepted, facts)).toEqual({
      kind: 'accepted',
      due_ms: now_ms + 1_000,
      deadline_ms: now_ms + 3_600_000,
    });
  });

  test('an accepted task of a cancelled job is paid for, so it is polled all the same', () => {
    expect(decideAnswered(accepted, cancelled).kind).toBe('accepted');
  });

  test.each(unknownReasons)('%s may have been charged: held, whatever else is true', (reason) => {
    const unknown: SubmitAnswer = { kind: 'unknown', reason, evidence: sampleEvidence };
    for (const known of [facts, cancelled, lastTry]) {
      expect(decideAnswered(unknown, known)).toMatchObject({
        kind: 'held',
        reason,
        keyRefused: false,
      });
    }
  });

  test('an unknown answer with 401 says besides that the key was refused', () => {
    const unknown: SubmitAnswer = {
      kind: 'unknown',
      reason: 'status_not_listed_as_free',
      evidence: { ...sampleEvidence, httpStatus: 401 },
    };
    expect(decideAnswered(unknown, facts)).toMatchObject({ kind: 'held', keyRefused: true });
  });

  test.each<{ refusal: RefusalClass; result: unknown }>([
    { refusal: 'caller_fault', result: { kind: 'rejected', reason: 'the provider’s words' } },
    { refusal: 'auth', result: { kind: 'blocked', reason: 'auth', due_ms: null } },
    {
      refusal: 'no_money',
      result: { kind: 'blocked', reason: 'provider_balance', due_ms: now_ms + 120_000 },
    },
    {
      refusal: 'batch_size',
      result: { kind: 'replan', learned: { minNumbers: 200, maxNumbers: null } },
    },
    {
      refusal: 'rate_limited',
      result: { kind: 'retry', due_ms: now_ms + 2_000, reason: 'the provider’s words' },
    },
    {
      refusal: 'transient',
      result: { kind: 'retry', due_ms: now_ms + 2_000, reason: 'the provider’s words' },
    },
  ])('refused for free as $refusal', ({ refusal, result }) => {
    expect(decideAnswered(refused(refusal), facts)).toEqual(result);
  });

  test.each<RefusalClass>([
    'caller_fault',
    'auth',
    'no_money',
    'batch_size',
    'rate_limited',
    'transient',
  ])('a free refusal (%s) of a job that was cancelled meanwhile ends as cancelled', (refusal) => {
    expect(decideAnswered(refused(refusal), cancelled)).toEqual({ kind: 'cancelled' });
  });

  test('what was not sent is tried again, or cancelled with its job', () => {
    expect(decideAnswered(notSent, facts)).toEqual({
      kind: 'retry',
      due_ms: now_ms + 2_000,
      reason: 'not sent: ECONNREFUSED',
    });
    expect(decideAnswered(notSent, cancelled)).toEqual({ kind: 'cancelled' });
  });

  test('what the suppression list stopped is due at once and is no try, however often it comes', () => {
    const changed: SubmitAnswer = { ...notSent, reason: 'list_changed' };
    const again = { kind: 'retry', due_ms: now_ms, reason: 'list_changed', isOurs: true };
    expect(decideAnswered(changed, facts)).toEqual(again);
    expect(decideAnswered(changed, lastTry)).toEqual(again);
    expect(decideAnswered(notSent, lastTry).kind).toBe('rejected');
    expect(decideAnswered(changed, cancelled)).toEqual({ kind: 'cancelled' });
  });

  test('the provider’s Retry-After outweighs our own wait, and never shortens it', () => {
    expect(decideAnswered(refused('rate_limited', 120_000), facts)).toMatchObject({
      due_ms: now_ms + 120_000,
    });
    expect(decideAnswered(refused('rate_limited', 1), facts)).toMatchObject({
      due_ms: now_ms + 2_000,
    });
  });

  test.each([notSent, refused('rate_limited'), refused('transient')])(
    'free tries are a budget, and the last of them rejects ($kind)',
    (answer) => {
      expect(decideAnswered(answer, { ...facts, freeTries: freeTriesMax - 2 }).kind).toBe('retry');
      expect(decideAnswered(answer, lastTry)).toMatchObject({
        kind: 'rejected',
        reason: expect.stringContaining('none charged') as string,
      });
    },
  );

  test('no money is no try: a top-up may take longer than any budget', () => {
    expect(decideAnswered(refused('no_money'), { ...facts, freeTries: 1_000 })).toEqual({
      kind: 'blocked',
      reason: 'provider_balance',
      due_ms: now_ms + 120_000,
    });
  });
});
