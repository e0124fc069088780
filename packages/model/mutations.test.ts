import { upstreamFailuresMax } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { nearBounds } from './near-bounds.ts';
import { allProtections } from './protections.ts';
import { walk, type Walked } from './walk.ts';
import { type Left, startWorld } from './world.ts';

// The walk can fail: without each protection it finds what that protection is there for, by a short way.

type Protection = keyof typeof allProtections;

const none: Left = { crashes: 0, faults: 0, decisions: 0, pauses: 0 };

function walkWithout(
  without: readonly Protection[],
  left: Partial<Left>,
  broken: string,
  starts = nearBounds,
  workers: 1 | 2 = 2,
): Walked {
  const protections = {
    ...allProtections,
    ...Object.fromEntries(without.map((each) => [each, false])),
  };
  const rules = { protections, starts };
  const start = startWorld(rules, { ...none, ...left }, null, workers);
  return walk(start, rules, 400_000, (each) => each.startsWith(broken));
}

const paidTwice = 'P2: paid 2 times without an approval';

test.each<{ without: Protection[]; left?: Partial<Left>; finds: string; steps: number }>([
  // What a queue's own retry does: a claim that ran out is taken for never sent.
  { without: ['silenceIsUnknown'], finds: paidTwice, steps: 7 },
  { without: ['lostAnswerIsUnknown'], left: { faults: 1 }, finds: paidTwice, steps: 8 },
  { without: ['silenceIsHeld'], finds: 'refused: one_attempt_that_may_cost', steps: 3 },
  { without: ['silenceIsHeld', 'moneyLock'], finds: paidTwice, steps: 7 },
  { without: ['settledOnce'], finds: 'match: attempt unknown → not_sent', steps: 5 },
  {
    without: ['approvalIsKept'],
    left: { decisions: 1 },
    finds: 'refused: attempt_edges',
    steps: 3,
  },
  {
    without: ['approvalIsKept', 'approvalToLetGo'],
    left: { decisions: 1 },
    finds: 'refused: paying_again_needs_approval',
    steps: 4,
  },
  {
    without: ['approvalIsKept', 'approvalToLetGo', 'approvalToPayAgain'],
    left: { decisions: 1 },
    finds: paidTwice,
    steps: 8,
  },
  { without: ['lateAnswerIsKept'], finds: 'P5: the task t0 of attempt 0 was told', steps: 6 },
  { without: ['fenceOfPolls'], finds: 'P5: a worker with an old fence', steps: 9 },
  {
    without: ['fenceOfPolls'],
    left: { faults: 1 },
    finds: 'P9: a status went backwards',
    steps: 11,
  },
  // Believed to be ready, asked again for a fresh address, and answered from an old copy.
  { without: ['goesBack'], left: { faults: 2 }, finds: 'P9: a status went backwards', steps: 13 },
  { without: ['fenceOfIngests'], finds: 'P5: a worker with an old fence', steps: 12 },
  { without: ['publishOnce'], finds: 'P1: 2 rows', steps: 17 },
  { without: ['givenUpIsAtRisk'], finds: 'money: attempt 0 is unknown', steps: 3 },
  { without: ['cancelAskedAgain'], left: { faults: 1 }, finds: 'stuck', steps: 3 },
  { without: ['sweepOfSubmits'], left: { crashes: 1 }, finds: 'stuck', steps: 2 },
  { without: ['sweepOfIngests'], left: { crashes: 1 }, finds: 'stuck', steps: 10 },
])(
  'without $without the walk finds "$finds" in $steps steps',
  ({ without, left, finds, steps }) => {
    const { violation } = walkWithout(without, left ?? {}, finds);
    expect(violation?.broken).toContain(finds);
    expect(violation?.trace, violation?.trace.join('\n')).toHaveLength(steps);
  },
);

test('without the index of task ids two attempts have the same task', () => {
  const starts = { ...nearBounds, upstreamFailures: upstreamFailuresMax - 1 };
  const without: Protection[] = ['oneAttemptPerTask'];
  const finds = 'match: two attempts have the same task';
  const { violation } = walkWithout(without, { faults: 2, decisions: 1 }, finds, starts, 1);
  expect(violation?.trace.at(-1)).toContain('settles "accepted_again"');
});

test('an acceptance that is stored again is no late one: what was paid back stays paid back', () => {
  const starts = { ...nearBounds, upstreamFailures: upstreamFailuresMax - 1 };
  const finds = 'money: attempt 0 is not_charged, and its money written_off';
  const left = { faults: 2, decisions: 1 };
  const { violation } = walkWithout(['knownIsNotLate'], left, finds, starts);
  expect(violation?.broken).toBe(finds);
});

test('a violation is told step by step', () => {
  expect(walkWithout(['silenceIsUnknown'], {}, paidTwice).violation?.trace).toEqual([
    'worker 1 claims the upload',
    'worker 1 looks whether its claim stands',
    'worker 1 sends, and is accepted',
    'sweep ends an upload’s claim',
    'worker 2 claims the upload',
    'worker 2 looks whether its claim stands',
    'worker 2 sends, and is accepted',
  ]);
});

test('the money lock is the last line: without it alone the other protections hold', () => {
  expect(walkWithout(['moneyLock'], { crashes: 1 }, '').violation).toBeNull();
});
