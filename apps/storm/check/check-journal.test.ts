import { expect, test } from 'vitest';
import { checkJournal } from './check-journal.ts';
import type { JournalRow } from './read-journal.ts';
import { journal, second } from './testing/made-facts.ts';

const made = { to_state: 'ready', to_fence: 0, who: 'storm_2' };
const claimed = { from_state: 'ready', to_state: 'submitting', from_fence: 0, to_fence: 1 };
const accepted = { from_state: 'submitting', to_state: 'polling', from_fence: 1, to_fence: 1 };
const taken = { from_state: 'polling', to_state: 'polling', from_fence: 1, to_fence: 2 };
const polled = { from_state: 'polling', to_state: 'polling', from_fence: 2, to_fence: 2 };
const held = {
  from_state: 'submitting',
  to_state: 'held',
  from_fence: 1,
  to_fence: 2,
  reason: 'unknown: worker_died',
  who: 'storm_2',
};
const intent = { subject: 'attempt', attempt_id: 'att_1', to_state: 'intent' } as const;
const settled = { ...intent, from_state: 'intent', to_state: 'accepted' } as const;

const fetched = { to_state: 'result_ready', to_fence: 1 };
const reading = { from_state: 'result_ready', to_state: 'ingesting', from_fence: 1, to_fence: 2 };
const takenBack = {
  from_state: 'ingesting',
  to_state: 'result_ready',
  from_fence: 2,
  to_fence: 2,
  who: 'storm_2',
};

test.each<[string, Partial<JournalRow>[]]>([
  [
    'an upload, its polls and its end, by whoever claimed each',
    [
      made,
      claimed,
      intent,
      settled,
      accepted,
      { ...taken, who: 'storm_3' },
      { ...polled, who: 'storm_3' },
      { ...polled, to_state: 'result_ready', who: 'storm_3' },
    ],
  ],
  [
    'an upload that the sweep holds once its lease is over',
    [
      made,
      claimed,
      { ...held, was_due_at: second(2) },
      { ...intent, from_state: 'intent', to_state: 'unknown', who: 'storm_2' },
    ],
  ],
  [
    'a file that is taken back from who reads it, since a number was erased',
    [fetched, reading, { ...takenBack, erases: true }],
  ],
])('nothing is said of %s', (_, rows) => {
  expect(checkJournal(journal(...rows))).toEqual([]);
});

test.each<[string, 'status' | 'stale_write', Partial<JournalRow>[], string]>([
  [
    'a state that was another before',
    'status',
    [made, { ...claimed, from_state: 'blocked' }],
    'was ready and then blocked',
  ],
  [
    'an edge that is not drawn',
    'status',
    [made, { from_state: 'ready', to_state: 'done', from_fence: 0 }],
    'ready → done is no edge',
  ],
  [
    'a fence that goes back',
    'status',
    [made, { ...claimed, from_fence: 2 }],
    'its fence went from 2 to 1',
  ],
  [
    'a move by who has not the claim',
    'stale_write',
    [made, claimed, { ...accepted, who: 'storm_3' }],
    'storm_3 moved submitting → polling, claimed by storm_1',
  ],
  [
    'a poll’s answer by who has not the claim',
    'stale_write',
    [made, claimed, accepted, taken, { ...polled, who: 'storm_3' }],
    'storm_3 moved polling → polling',
  ],
  [
    'a sweep before the lease is over',
    'stale_write',
    [made, claimed, { ...held, was_due_at: second(60) }],
    'storm_2 moved submitting → held',
  ],
  [
    'a file that is taken back for no reason',
    'stale_write',
    [fetched, reading, takenBack],
    'storm_2 moved ingesting → result_ready',
  ],
  [
    'an attempt that another settles',
    'stale_write',
    [made, claimed, intent, { ...settled, who: 'storm_3' }],
    'storm_3 settled att_1 as accepted',
  ],
])('%s is a %s', (_, kind, rows, what) => {
  expect(checkJournal(journal(...rows))).toContainEqual(
    expect.objectContaining({ kind, chunkId: 'chk_1', what: expect.stringContaining(what) }),
  );
});
