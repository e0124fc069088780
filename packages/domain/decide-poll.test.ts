import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decidePoll,
  missingPollsMax,
  type Polled,
  type PollFacts,
  upstreamFailuresMax,
} from './decide-poll.ts';
import { type TaskPhase, type TaskStatus, taskPhases } from './provider-answer.ts';
import { sampleAccount, sampleStatus } from './test-values.ts';

const now_ms = 10_000_000;
const facts: PollFacts = {
  now_ms,
  random: 0.5,
  acceptedAt_ms: now_ms - 60_000,
  deadline_ms: now_ms + 3_000_000,
  awaitingPaymentSince_ms: null,
  polls: 3,
  missingPolls: 0,
  upstreamFailures: 0,
  lastDetermined: null,
  lastPhase: null,
  numbers: 1_000,
  pace: null,
  configured: sampleAccount,
};
const overdue = { ...facts, deadline_ms: now_ms };
const url = { kind: 'url', url: 'https://results.example/file' } as const;

const says = (phase: TaskPhase, more: Partial<TaskStatus> = {}): Polled => ({
  kind: 'status',
  status: { ...sampleStatus, phase, ...more },
});
const noAnswer: Polled = { kind: 'no_answer', retryAfter_ms: null };
const notFound: Polled = { kind: 'not_found' };
const deadlineHeld = { kind: 'hold', reason: 'poll', detail: 'deadline' };

describe('decidePoll', () => {
  test.each<TaskPhase>(['queued', 'running', 'ready_pending', 'unrecognised'])(
    'a task that is %s is polled on',
    (phase) => {
      expect(decidePoll(says(phase), facts)).toMatchObject({
        kind: 'wait',
        deadline_ms: facts.deadline_ms,
        upstreamFailures: 0,
        missingPolls: 0,
      });
    },
  );

  test('a task is ready when there is something to download, at whatever time', () => {
    expect(decidePoll(says('ready', { locator: url }), overdue)).toEqual({
      kind: 'ready',
      locator: url,
    });
  });

  test.each<TaskPhase>(taskPhases.filter((phase) => phase !== 'ready'))(
    'a locator beside %s is not believed: processed is not downloadable',
    (phase) => {
      expect(decidePoll(says(phase, { locator: url }), facts).kind).toBe('wait');
    },
  );

  test.each<[TaskPhase, TaskPhase | null, boolean]>([
    ['queued', null, true],
    ['queued', 'queued', true],
    ['running', 'queued', true],
    ['ready_pending', 'queued', true],
    ['queued', 'running', false],
    ['running', 'ready_pending', false],
    ['ready_pending', 'ready', false],
    ['failed', 'ready_pending', true],
    ['queued', 'failed', true],
    ['queued', 'awaiting_payment', true],
    ['awaiting_payment', 'running', true],
  ])('%s after %s is applied: %s', (phase, lastPhase, applied) => {
    expect(decidePoll(says(phase), { ...facts, lastPhase })).toMatchObject({
      kind: 'wait',
      applied,
    });
  });

  test('ready without a locator is polled on', () => {
    expect(decidePoll(says('ready'), facts).kind).toBe('wait');
  });

  test('completed is looked at again soon: the file is about to be there', () => {
    expect(decidePoll(says('ready_pending'), { ...facts, polls: 20 })).toMatchObject({
      due_ms: now_ms + sampleAccount.poll.floor_ms,
    });
  });

  test.each<Polled>([says('running'), says('unrecognised'), says('ready'), noAnswer, notFound])(
    'after its deadline a task is held, and never sent again ($kind)',
    (polled) => {
      expect(decidePoll(polled, overdue)).toEqual(deadlineHeld);
    },
  );

  describe('awaiting payment', () => {
    const since_ms = now_ms - 500_000;
    const awaiting = { ...facts, awaitingPaymentSince_ms: since_ms };

    test('marks the task, and holds its deadline off however long it lasts', () => {
      expect(decidePoll(says('awaiting_payment'), facts)).toMatchObject({
        kind: 'wait',
        awaitingPaymentSince_ms: now_ms,
      });
      expect(
        decidePoll(says('awaiting_payment'), { ...awaiting, deadline_ms: now_ms - 1 }),
      ).toMatchObject({ kind: 'wait', awaitingPaymentSince_ms: since_ms });
    });

    test('gives the time that it took back to the deadline when it ends', () => {
      expect(decidePoll(says('running'), { ...awaiting, deadline_ms: now_ms - 1 })).toMatchObject({
        kind: 'wait',
        awaitingPaymentSince_ms: null,
        deadline_ms: now_ms - 1 + 500_000,
      });
    });

    test.each<Polled>([says('unrecognised'), noAnswer])(
      'is not ended by what tells nothing ($kind)',
      (polled) => {
        expect(decidePoll(polled, { ...awaiting, deadline_ms: now_ms - 1 })).toMatchObject({
          kind: 'wait',
          awaitingPaymentSince_ms: since_ms,
          deadline_ms: now_ms - 1,
        });
      },
    );
  });

  describe.each<TaskPhase>(['failed', 'rejected'])('%s', (phase) => {
    test('is believed when it is seen twice, and soon looked at again', () => {
      expect(decidePoll(says(phase), { ...facts, polls: 20 })).toMatchObject({
        kind: 'wait',
        upstreamFailures: 1,
        due_ms: now_ms + sampleAccount.poll.floor_ms,
      });
      expect(decidePoll(says(phase), { ...facts, upstreamFailures: 1 })).toEqual({
        kind: 'hold',
        reason: 'upstream_failed',
        detail: 'failed_twice',
      });
    });

    test('is taken back by a word of life, not by silence or by a word that we do not know', () => {
      const once = { ...facts, upstreamFailures: upstreamFailuresMax - 1 };
      expect(decidePoll(says('running'), once)).toMatchObject({ upstreamFailures: 0 });
      for (const silent of [noAnswer, notFound, says('unrecognised')]) {
        expect(decidePoll(silent, once)).toMatchObject({ kind: 'wait', upstreamFailures: 1 });
      }
    });
  });

  test('a task that is not found is looked for again, and held after six times in a row', () => {
    const missing = (missingPolls: number) => decidePoll(notFound, { ...facts, missingPolls });
    expect(missing(0)).toMatchObject({ kind: 'wait', missingPolls: 1 });
    expect(missing(missingPollsMax - 2)).toMatchObject({ kind: 'wait' });
    expect(missing(missingPollsMax - 1)).toEqual({
      kind: 'hold',
      reason: 'poll',
      detail: 'task_not_found',
    });
    expect(decidePoll(says('running'), { ...facts, missingPolls: 5 })).toMatchObject({
      missingPolls: 0,
    });
  });

  test('Retry-After outweighs our own wait', () => {
    expect(decidePoll({ kind: 'no_answer', retryAfter_ms: 90_000 }, facts)).toMatchObject({
      due_ms: now_ms + 90_000,
    });
  });

  test('a word that we do not know is recorded as not applied', () => {
    expect(decidePoll(says('unrecognised'), facts)).toMatchObject({ applied: false });
    expect(decidePoll(says('running'), facts)).toMatchObject({ applied: true });
    expect(decidePoll(noAnswer, facts)).toMatchObject({ applied: false });
  });

  test('whatever is said, a task ends ready or held, or is polled again between floor and ceiling', () => {
    const counter = fc.option(fc.integer({ min: -5, max: 100_000 }));
    const anyStatus = fc.record({
      word: fc.string(),
      phase: fc.constantFrom(...taskPhases),
      total: counter,
      success: counter,
      failure: counter,
      filtered: counter,
      locator: fc.constantFrom(null, url),
      actual: fc.constant(null),
    });
    const anyPolled: fc.Arbitrary<Polled> = fc.oneof(
      anyStatus.map((status) => ({ kind: 'status' as const, status })),
      fc.constantFrom(notFound, noAnswer),
    );
    const anyFacts = fc.record({
      deadline_ms: fc.integer({ min: now_ms - 1e6, max: now_ms + 1e6 }),
      awaitingPaymentSince_ms: fc.option(fc.integer({ min: now_ms - 1e6, max: now_ms })),
      polls: fc.nat(1_000),
      missingPolls: fc.nat(missingPollsMax),
      upstreamFailures: fc.nat(upstreamFailuresMax),
      lastDetermined: counter,
      lastPhase: fc.constantFrom(null, ...taskPhases),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    const { floor_ms, ceiling_ms } = sampleAccount.poll;
    fc.assert(
      fc.property(anyPolled, anyFacts, (polled, changed) => {
        const decision = decidePoll(polled, { ...facts, ...changed });
        if (decision.kind !== 'wait') return;
        expect(decision.due_ms - now_ms).toBeGreaterThanOrEqual(floor_ms);
        expect(decision.due_ms - now_ms).toBeLessThanOrEqual(ceiling_ms);
        expect(decision.deadline_ms).toBeGreaterThanOrEqual(changed.deadline_ms);
        if (decision.awaitingPaymentSince_ms === null) {
          expect(decision.deadline_ms).toBeGreaterThan(now_ms);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
