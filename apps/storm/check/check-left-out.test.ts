import { expect, test } from 'vitest';
import { checkLeftOut } from './check-left-out.ts';
import { attempt, charge, chunk, facts, second } from './testing/made-facts.ts';

const list = Array.from({ length: 20 }, (_, at) => 447_914_000_000 + at);
const jobs = [{ id: 'job_1', list }];
const first = list[0] ?? 0;
const objection = (seconds: number) => [{ number: first, committed_at: second(seconds) }];
const without = facts({ charges: [charge({ list: list.slice(1) })] });

test('nothing is said of an upload of all numbers, nor of one without a number that was on the list', () => {
  expect(checkLeftOut(facts(), jobs, [])).toEqual([]);
  expect(checkLeftOut(without, jobs, objection(0))).toEqual([]);
});

test('a number in an upload that was begun after it was put on the list is told, and in one before it is not', () => {
  expect(checkLeftOut(facts(), jobs, objection(0))).toMatchObject([
    { kind: 'suppressed_sent', chunkId: 'chk_1', count: 1 },
  ]);
  expect(checkLeftOut(facts(), jobs, objection(3))).toEqual([]);
  // Claimed before, and begun after it.
  const attempts = [attempt({ created_at: second(1), begun_at: second(4) })];
  expect(checkLeftOut(facts({ attempts }), jobs, objection(3))).toHaveLength(1);
});

test('of an upload whose answer was lost, the earliest is meant that it can be', () => {
  const attempts = [
    attempt({ answered: [], begun_at: second(1) }),
    attempt({ id: 'att_2', answered: [], begun_at: second(9) }),
  ];
  expect(checkLeftOut(facts({ attempts }), jobs, objection(5))).toEqual([]);
  expect(checkLeftOut(facts({ attempts }), jobs, objection(0))).toHaveLength(1);
});

test('a number that is left out though nobody objected is lost', () => {
  expect(checkLeftOut(without, jobs, [])).toMatchObject([
    { kind: 'lost', chunkId: 'chk_1', count: 1 },
  ]);
});

test('what was cut anew was never sent', () => {
  const chunks = [chunk({ state: 'superseded' })];
  expect(checkLeftOut(facts({ chunks }), jobs, objection(0))).toEqual([]);
});
