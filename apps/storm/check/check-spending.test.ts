import { expect, test } from 'vitest';
import { checkSpending } from './check-spending.ts';
import type { JournalRow } from './read-journal.ts';
import { chunk, journal } from './testing/made-facts.ts';

const ids = ['chk_1', 'chk_2', 'chk_3', 'chk_4'];
const chunks = ids.map((id) => chunk({ id }));
const sent = (chunk_id: string): Partial<JournalRow> => ({
  chunk_id,
  from_state: 'ready',
  to_state: 'submitting',
});
const unknown = (chunk_id: string, reason = 'timeout'): Partial<JournalRow>[] => [
  { chunk_id, from_state: 'submitting', to_state: 'held' },
  {
    subject: 'attempt',
    chunk_id,
    attempt_id: `att of ${chunk_id}`,
    from_state: 'intent',
    to_state: 'unknown',
    reason,
  },
];
const acceptedLate = (chunk_id: string): Partial<JournalRow> => ({
  subject: 'attempt',
  chunk_id,
  attempt_id: `att of ${chunk_id}`,
  from_state: 'unknown',
  to_state: 'accepted',
});
const reset: Partial<JournalRow> = {
  subject: 'account',
  chunk_id: null,
  account: 'checknumber',
  to_state: 'closed',
};

test.each<[string, Partial<JournalRow>[]]>([
  ['three uploads at once', ids.slice(0, 3).map(sent)],
  [
    'one upload at a time after an unknown outcome',
    [sent('chk_1'), ...unknown('chk_1'), sent('chk_2')],
  ],
  [
    'more at once when the outcome is known after all',
    [sent('chk_1'), ...unknown('chk_1'), acceptedLate('chk_1'), sent('chk_2'), sent('chk_3')],
  ],
  [
    'more at once when a person has reset the account',
    [sent('chk_1'), ...unknown('chk_1'), reset, sent('chk_2'), sent('chk_3')],
  ],
])('nothing is said of %s', (_, rows) => {
  expect(checkSpending(journal(...rows), chunks)).toEqual([]);
});

test.each<[string, Partial<JournalRow>[], string]>([
  [
    'a fourth upload at once',
    ids.map(sent),
    '4 uploads on the wire and 0 of unknown outcome: allowed are 3',
  ],
  [
    'a second one after an unknown outcome',
    [sent('chk_1'), ...unknown('chk_1'), sent('chk_2'), sent('chk_3')],
    '2 uploads on the wire and 1 of unknown outcome: allowed are 1',
  ],
  [
    'any after an answer that cannot be read',
    [sent('chk_1'), ...unknown('chk_1', 'unreadable_answer'), sent('chk_2')],
    'allowed are 0',
  ],
  [
    'any after three of unknown outcome',
    [...ids.slice(0, 3).flatMap((id) => [sent(id), ...unknown(id)]), sent('chk_4')],
    '3 of unknown outcome: allowed are 0',
  ],
  [
    'a second one after an upload that the sweep gave up',
    [sent('chk_1'), ...unknown('chk_1', 'worker_died'), sent('chk_2'), sent('chk_3')],
    'allowed are 1',
  ],
  [
    'a reservation above the ceiling',
    [{ subject: 'ceiling', to_state: 'reserved', reason: '2 of the ceiling 1 is reserved' }],
    '2 of the ceiling 1',
  ],
])('%s is above what may be spent', (_, rows, what) => {
  expect(checkSpending(journal(...rows), chunks)).toContainEqual(
    expect.objectContaining({ kind: 'spending', count: 1, what: expect.stringContaining(what) }),
  );
});
