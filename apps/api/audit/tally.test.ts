import { expect, test } from 'vitest';
import { Tally, type Told } from './tally.ts';

const of = (actor: string, reason = 'unauthenticated'): Told => ({
  tenantId: null,
  actor,
  action: 'access.refused',
  subject: null,
  detail: { reason },
});
const others = (entry: Told): Told => ({ ...entry, actor: 'others' });

test('the like is counted together, and taken once', () => {
  const tally = new Tally('requests', 10, others);
  for (const actor of ['a', 'b', 'a']) expect(tally.count(of(actor))).toBe(true);
  tally.count(of('a', 'scope_missing'));
  expect(tally.has(of('a'))).toBe(true);
  const taken = tally.take();
  expect(taken.map(({ actor, detail, counts }) => [actor, detail?.['reason'], counts])).toEqual([
    ['a', 'unauthenticated', { requests: 2 }],
    ['b', 'unauthenticated', { requests: 1 }],
    ['a', 'scope_missing', { requests: 1 }],
  ]);
  expect(tally.take()).toEqual([]);
});

test('a flood from everywhere is counted whole, in as many rows as may be, also when it is put back again and again', () => {
  const tally = new Tally('requests', 10, others);
  let sent = 0;
  for (let minute = 0; minute < 20; minute += 1) {
    for (let caller = 0; caller < 1_000; caller += 1) tally.count(of(`${minute} ${caller}`));
    sent += 1_000;
    const taken = tally.take();
    expect(taken.length).toBeLessThanOrEqual(11);
    expect(taken.reduce((sum, { counts }) => sum + (counts?.['requests'] ?? 0), 0)).toBe(sent);
    tally.putBack(taken);
  }
});

test('without others what comes too late is not remembered', () => {
  const tally = new Tally('pages', 1, () => null);
  expect([tally.count(of('a'), 0), tally.count(of('b'), 0)]).toEqual([true, false]);
  expect(tally.has(of('b'))).toBe(false);
  expect(tally.take()).toEqual([]);
});
