import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Breaker,
  type BreakerFacts,
  breakerNow,
  breakerWindow_ms,
  uploadsAllowed,
} from './breaker.ts';
import type { AttemptId } from './ids.ts';

const minute_ms = 60_000;
const now_ms = 100 * minute_ms;
const closed: Breaker = { state: 'closed' };
const quiet: BreakerFacts = { now_ms, unknowns: 0, unreadable: 0, lastUnknown_ms: 0, canary: null };
const canary = 'att_1' as AttemptId;
const open: Extract<Breaker, { state: 'open' }> = {
  state: 'open',
  since_ms: now_ms - minute_ms,
  until_ms: now_ms + 9 * minute_ms,
  why: 'unknown_uploads',
  openings: 1,
};
const half: Extract<Breaker, { state: 'half_open' }> = {
  state: 'half_open',
  since_ms: now_ms - minute_ms,
  why: 'unknown_uploads',
  openings: 1,
  canary,
};
const inDoubt = (unknowns: number, unreadable = 0): BreakerFacts => ({
  ...quiet,
  unknowns,
  unreadable,
  lastUnknown_ms: now_ms - 1,
});
const limited = { state: 'limited', since_ms: now_ms - 1, until_ms: now_ms - 1 + breakerWindow_ms };
const opened = (why: string) => ({ ...limited, state: 'open', why, openings: 1 });

describe('breakerNow', () => {
  test.each<[string, Breaker, BreakerFacts, object]>([
    ['nothing in doubt leaves it closed', closed, quiet, closed],
    ['the first unknown upload limits it', closed, inDoubt(1), limited],
    ['the second leaves it limited', limited as Breaker, inDoubt(2), limited],
    ['none that counts any more closes it', limited as Breaker, quiet, closed],
    ['three open it', limited as Breaker, inDoubt(3), opened('unknown_uploads')],
    ['one unreadable 200 opens it', closed, inDoubt(1, 1), opened('unreadable_answer')],
    ['it stays open for its time, whatever is found out meanwhile', open, quiet, open],
    [
      'after its time it is half-open',
      open,
      { ...quiet, now_ms: open.until_ms },
      { ...half, since_ms: open.until_ms, canary: null },
    ],
    ['it waits for its canary', half, { ...quiet, canary: outcome('intent') }, half],
    [
      'a canary that is accepted closes it',
      half,
      { ...quiet, canary: outcome('accepted') },
      closed,
    ],
    [
      'a canary that is refused for free makes room for the next',
      half,
      { ...quiet, canary: outcome('refused_free') },
      { ...half, canary: null },
    ],
    [
      'a canary that was not sent makes room for the next',
      half,
      { ...quiet, canary: outcome('not_sent') },
      { ...half, canary: null },
    ],
    [
      'an unknown canary opens it for twice as long',
      half,
      { ...quiet, canary: outcome('unknown') },
      {
        state: 'open',
        since_ms: now_ms - 1,
        until_ms: now_ms - 1 + 2 * breakerWindow_ms,
        why: 'canary_unknown',
        openings: 2,
      },
    ],
  ])('%s', (_, stored, facts, now) => {
    expect(breakerNow(stored, facts)).toEqual(now);
  });

  function outcome(of: NonNullable<BreakerFacts['canary']>['outcome']) {
    return { outcome: of, settledAt_ms: now_ms - 1 };
  }

  test('however often the canary fails, it is open for two hours at most', () => {
    const again = breakerNow(
      { ...half, openings: 40 },
      { ...quiet, canary: { outcome: 'unknown', settledAt_ms: now_ms } },
    );
    expect(again).toMatchObject({
      state: 'open',
      until_ms: now_ms + 120 * minute_ms,
      openings: 41,
    });
  });

  const facts = fc.record({
    now_ms: fc.integer({ min: now_ms, max: now_ms + breakerWindow_ms - 2 }),
    unknowns: fc.integer({ min: 0, max: 5 }),
    unreadable: fc.constant(0),
    lastUnknown_ms: fc.constant(now_ms - 1),
    canary: fc.constant(null),
  });

  test('to look again at the same facts changes nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(closed, open, { ...half, canary: null }),
        facts,
        (stored, seen) => {
          const once = breakerNow(stored, seen);
          expect(breakerNow(once, seen)).toEqual(once);
        },
      ),
    );
  });

  /** An account whose uploads end at random, watched for hours: what the promise says of it. */
  test('from the first unknown one upload is on the wire, after three none, and then one at a time until it is accepted', () => {
    const upload = fc.record({
      wait_ms: fc.integer({ min: 0, max: 20 * minute_ms }),
      ends: fc.constantFrom('accepted', 'unknown', 'unreadable', 'not_sent'),
    });
    fc.assert(
      fc.property(fc.array(upload, { maxLength: 60 }), (uploads) => {
        let breaker = closed as Breaker;
        let clock_ms = now_ms;
        let reset_ms = 0;
        let ended: { at_ms: number; unreadable: boolean }[] = [];
        const look = (own: BreakerFacts['canary']) => {
          ended = ended.filter(
            ({ at_ms }) => at_ms > Math.max(clock_ms - breakerWindow_ms, reset_ms),
          );
          const before = breaker;
          breaker = breakerNow(breaker, {
            now_ms: clock_ms,
            unknowns: ended.length,
            unreadable: ended.filter(({ unreadable }) => unreadable).length,
            lastUnknown_ms: ended.at(-1)?.at_ms ?? 0,
            canary: own,
          });
          if (before.state === 'half_open' && breaker.state === 'closed') reset_ms = clock_ms;
        };
        for (const { wait_ms, ends } of uploads) {
          clock_ms += 1 + wait_ms;
          look(null);
          const allowed = uploadsAllowed(breaker, 8);
          // Never more doubt than the promise allows.
          expect(ended.length >= 3 && breaker.state !== 'half_open' ? allowed : 0).toBe(0);
          expect(ended.length > 0 ? allowed : 1).toBeLessThanOrEqual(1);
          if (allowed === 0) continue;
          const isCanary = breaker.state === 'half_open';
          const settledAt_ms = clock_ms;
          if (ends === 'unknown' || ends === 'unreadable') {
            ended.push({ at_ms: settledAt_ms, unreadable: ends === 'unreadable' });
          }
          const own = ends === 'unreadable' ? 'unknown' : ends;
          look(isCanary ? { outcome: own, settledAt_ms } : null);
          if (isCanary && own === 'accepted') expect(breaker).toEqual(closed);
          if (isCanary && own === 'unknown') expect(uploadsAllowed(breaker, 8)).toBe(0);
          if (ends === 'unreadable') expect(uploadsAllowed(breaker, 8)).toBe(0);
        }
      }),
    );
  });
});
