import { expect, test } from 'vitest';
import { realLeases } from '../ground/storm-leases.ts';
import { checkLeases } from './check-leases.ts';
import type { JournalRow } from './read-journal.ts';
import { journal, second } from './testing/made-facts.ts';

/** The lease ends in second 40, so the last heartbeat was in second 0. */
const leaseOver = { was_due_at: second(40) };
const uploadHeld = (at: number): Partial<JournalRow>[] => [
  { ...leaseOver, from_state: 'submitting', to_state: 'held', at: second(at) },
];
const ingestTaken = (at: number): Partial<JournalRow>[] => [
  { ...leaseOver, from_state: 'ingesting', to_state: 'result_ready', at: second(41) },
  { from_state: 'result_ready', to_state: 'ingesting', at: second(at) },
];
const pollTaken = (at: number): Partial<JournalRow>[] => [
  { from_state: 'polling', to_state: 'polling', at: second(0) },
  { ...leaseOver, from_state: 'polling', to_state: 'polling', at: second(at) },
];

test.each([
  ['an upload held', 'upload_held', uploadHeld, 120],
  ['an ingest taken over', 'ingest_taken_over', ingestTaken, 60],
  ['a poll taken over', 'poll_taken_over', pollTaken, 60],
] as const)('%s is measured, and a violation only beyond its bound', (_, what, rows, bound_s) => {
  const judge = (at: number) => checkLeases(journal(...rows(at)), realLeases, () => undefined);
  expect(judge(bound_s)).toMatchObject({ violations: [], slowest: { [what]: bound_s } });
  expect(judge(bound_s + 1)).toMatchObject({
    violations: [{ kind: 'lease', chunkId: 'chk_1', count: 1 }],
    slowest: { [what]: bound_s + 1 },
  });
});

test('what nobody took over was not met', () => {
  const early = { ...uploadHeld(10)[0], was_due_at: second(40) };
  expect(checkLeases(journal(early), realLeases, () => undefined)).toEqual({
    violations: [],
    slowest: { upload_held: null, ingest_taken_over: null, poll_taken_over: null },
  });
});
