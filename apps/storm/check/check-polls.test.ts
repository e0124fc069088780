import { expect, test } from 'vitest';
import { checkPolls } from './check-polls.ts';
import type { PollFact } from './read-polls.ts';
import { polls } from './testing/made-facts.ts';

const notBelieved = { applied: false };

test.each<[string, Partial<PollFact>[]]>([
  [
    'a task that goes its way, and stands still on it',
    [{}, {}, { phase: 'running' }, { phase: 'ready_pending' }, { phase: 'ready' }],
  ],
  [
    'a status that goes back and was not believed',
    [{ phase: 'running' }, { ...notBelieved }, { phase: 'running' }],
  ],
  [
    'a life after a failure, or after a wait for money',
    [{ phase: 'running' }, { phase: 'failed' }, {}, { phase: 'awaiting_payment' }, {}],
  ],
  ['a word that nobody knows', [{ phase: 'running' }, { phase: 'unrecognised' }]],
  ['another attempt, whose task is another', [{ phase: 'ready' }, { attempt_id: 'att_2' }]],
])('nothing is said of %s', (_, told) => {
  expect(checkPolls(polls(...told))).toEqual([]);
});

test.each<[string, Partial<PollFact>[], string]>([
  [
    'a status that goes back and is believed',
    [{ phase: 'ready_pending' }, { phase: 'running' }],
    'att_1 was ready_pending (“ready_pending”) and then running (“running”)',
  ],
  [
    'one behind a status that was rightly not believed',
    [{ phase: 'ready' }, { ...notBelieved, phase: 'running' }, { phase: 'queued' }],
    'att_1 was ready (“ready”) and then queued',
  ],
  [
    'one behind a word that nobody knows',
    [{ phase: 'running' }, { phase: 'unrecognised' }, { phase: 'queued' }],
    'att_1 was running (“running”) and then queued',
  ],
  [
    'one between two polls of another attempt',
    [{ phase: 'ready' }, { attempt_id: 'att_2' }, { phase: 'queued' }],
    'att_1 was ready',
  ],
])('%s is a status', (_, told, what) => {
  expect(checkPolls(polls(...told))).toEqual([
    { kind: 'status', chunkId: 'chk_1', count: 1, what: expect.stringContaining(what) },
  ]);
});
