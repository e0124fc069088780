import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginningOf, type Share, takeTurn, turnsByWaiting } from './fair-share.ts';

interface Sender {
  readonly weight: number;
  readonly chunk: number;
  share: Pick<Share, 'ends' | 'turns'>;
  sent: number;
}

/** Lets whoever is furthest back send, so many times, as a claim does; senders below `from` join the line at once. */
function serve(senders: readonly Sender[], turns: number, clock = 0): number {
  let now = clock;
  for (let turn = 0; turn < turns; turn += 1) {
    const [next] = senders.toSorted(
      (left, right) =>
        beginningOf({ clock: now, ends: left.share.ends }) -
          beginningOf({ clock: now, ends: right.share.ends }) || left.share.ends - right.share.ends,
    );
    if (next === undefined) return now;
    const taken = takeTurn({ clock: now, weight: next.weight, ...next.share }, next.chunk);
    now = Math.max(now, taken.began);
    next.share = taken;
    next.sent += next.chunk;
  }
  return now;
}

const sender = (weight: number, chunk: number): Sender => ({
  weight,
  chunk,
  share: { ends: 0, turns: 0 },
  sent: 0,
});

test('while all have something in line, what any two sent over their weight is never further apart than one chunk of each', () => {
  const senders = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100_000 })),
    { minLength: 2, maxLength: 6 },
  );
  fc.assert(
    fc.property(senders, fc.integer({ min: 1, max: 500 }), (made, turns) => {
      const all = made.map(([weight, chunk]) => sender(weight, chunk));
      serve(all, turns);
      for (const left of all) {
        for (const right of all) {
          const apart = left.sent / left.weight - right.sent / right.weight;
          expect(apart).toBeLessThanOrEqual(
            left.chunk / left.weight + right.chunk / right.weight + 1e-6,
          );
        }
      }
    }),
  );
});

test('who had nothing in line saved nothing up: it goes first once, and is even with the others from there', () => {
  const early = sender(1, 1_000);
  const clock = serve([early], 500);
  const late = sender(1, 1_000);
  serve([early, late], 100, clock);
  expect(late.sent).toBe(50_000);
});

test('who comes to a line goes before whoever just had a turn', () => {
  const early = sender(1, 1_000_000);
  const clock = serve([early], 3);
  const late = sender(1, 10);
  serve([early, late], 1, clock);
  expect(late.sent).toBe(10);
});

test('one turn in eight goes by waiting', () => {
  let share = { ends: 0, turns: 0 };
  const byWaiting: number[] = [];
  for (let turn = 1; turn <= 3 * turnsByWaiting; turn += 1) {
    const taken = takeTurn({ clock: 0, weight: 1, ...share }, 1);
    share = taken;
    if (taken.byWaiting) byWaiting.push(turn + 1);
  }
  expect(byWaiting).toEqual([8, 16, 24]);
});
