import { expect, test } from 'vitest';
import { type AdoptionFacts, adoptionSlack_ms, decideAdoption } from './decide-adoption.ts';
import type { PollDecision, Polled } from './decide-poll.ts';

const sent_ms = Date.UTC(2026, 0, 1);
const facts: AdoptionFacts = {
  numbers: 1_000,
  sentFrom_ms: sent_ms,
  sentUntil_ms: sent_ms + 20_000,
  taskMadeAt_ms: sent_ms + 5_000,
};
const wait: PollDecision = {
  kind: 'wait',
  due_ms: 0,
  notBefore_ms: 0,
  deadline_ms: 0,
  awaitingPaymentSince_ms: null,
  applied: true,
  upstreamFailures: 0,
  missingPolls: 0,
};
const over: PollDecision = { kind: 'hold', reason: 'poll', detail: 'deadline' };
const ready: PollDecision = { kind: 'ready', locator: { kind: 'hash', hash: 'x' } };
const counted = (total: number | null): Polled => ({
  kind: 'status',
  status: {
    word: 'processing',
    phase: 'running',
    total,
    success: null,
    failure: null,
    filtered: null,
    locator: null,
    actual: null,
  },
});
const notFound: Polled = { kind: 'not_found' };
const noAnswer: Polled = { kind: 'no_answer', retryAfter_ms: null };

test.each([
  ['of the same size and time is confirmed', counted(1_000), wait, {}, 'confirm'],
  ['of which the provider dropped a tenth is confirmed', counted(900), wait, {}, 'confirm'],
  [
    'of more numbers than were sent is refused',
    counted(1_001),
    wait,
    {},
    'adopted_task_of_another_size',
  ],
  ['of far fewer numbers is refused', counted(899), wait, {}, 'adopted_task_of_another_size'],
  ['without a count yet waits', counted(null), wait, {}, 'wait'],
  ['with a count of 0, as new ones have, waits', counted(0), wait, {}, 'wait'],
  ['that is through without a count is confirmed', counted(null), ready, {}, 'confirm'],
  ['that never tells its count is refused', counted(0), over, {}, 'adopted_task_never_told'],
  ['that is not found waits', notFound, wait, {}, 'wait'],
  ['that is not found for long is refused', notFound, over, {}, 'adopted_task_not_found'],
  ['of which nothing is heard waits', noAnswer, wait, {}, 'wait'],
  ['of which nothing is heard for long is refused', noAnswer, over, {}, 'adopted_task_never_told'],
  [
    'made long before is refused',
    counted(1_000),
    wait,
    { taskMadeAt_ms: sent_ms - adoptionSlack_ms - 1 },
    'adopted_task_of_another_time',
  ],
  [
    'made long after is refused',
    counted(1_000),
    wait,
    { taskMadeAt_ms: sent_ms + 20_001 + adoptionSlack_ms },
    'adopted_task_of_another_time',
  ],
  [
    'made within the slack of clocks is confirmed',
    counted(1_000),
    wait,
    { taskMadeAt_ms: sent_ms - adoptionSlack_ms },
    'confirm',
  ],
  [
    'whose id tells no time goes by its count',
    counted(1_000),
    wait,
    { taskMadeAt_ms: null },
    'confirm',
  ],
] as const)('a task %s', (_name, polled, poll, changed, expected) => {
  const decision = decideAdoption(polled, poll, { ...facts, ...changed });
  expect(decision.kind === 'refuse' ? decision.detail : decision.kind).toBe(expected);
});
