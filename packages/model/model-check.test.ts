import { attemptEdges, chunkEdges } from '@rollcall/domain';
import { beforeAll, expect, test } from 'vitest';
import { nearBounds } from './near-bounds.ts';
import { allProtections } from './protections.ts';
import { walk, type Walked } from './walk.ts';
import { type Left, startWorld } from './world.ts';

// Every interleaving of two workers, the sweep, the provider and an operator, as far as so much trouble leads. What each walk looks for
// stands in invariants.ts; docs/decisions/0017-a-model-of-the-chunk.md says what is modelled, and what is not.

const rules = { protections: allProtections, starts: nearBounds };
const none: Left = { crashes: 0, faults: 0, decisions: 0, pauses: 0 };
const walks = [
  { name: 'two deaths and a fault', left: { ...none, crashes: 2, faults: 1 } },
  { name: 'two faults', left: { ...none, faults: 2 } },
  // One upload's money: paying again must wait for more.
  { name: 'a death and a decision', left: { ...none, crashes: 1, decisions: 1 }, ceiling: 1 },
  { name: 'a death and a pause', left: { ...none, crashes: 1, pauses: 1 } },
  {
    name: 'one worker, a death, a fault and a decision',
    left: { ...none, crashes: 1, faults: 1, decisions: 1 },
    workers: 1 as const,
  },
];
const walked = new Map<string, Walked>();

beforeAll(() => {
  for (const { name, left, ceiling = null, workers = 2 as const } of walks) {
    const from = performance.now();
    const found = walk(startWorld(rules, left, ceiling, workers), rules, 400_000);
    walked.set(name, found);
    const seconds = ((performance.now() - from) / 1_000).toFixed(1);
    const { states, steps, depth } = found;
    console.info(`${name}: ${states} states, ${steps} steps, depth ${depth}, ${seconds} s`);
  }
});

test.each(walks)('with $name no promise is broken, and every chunk can end', ({ name }) => {
  expect(walked.get(name)?.violation).toBeNull();
});

test('the walks came through more than 100,000 states', () => {
  const states = [...walked.values()].reduce((sum, each) => sum + each.states, 0);
  expect(states).toBeGreaterThan(100_000);
});

test('the walks took every edge of a chunk and of an attempt that is in the model', () => {
  const taken = new Set([...walked.values()].flatMap(({ edges }) => [...edges]));
  const drawn = [
    ...chunkEdges.map(({ from, to }) => `chunk: ${from} → ${to}`),
    ...attemptEdges.map(({ from, to }) => `attempt: ${from} → ${to}`),
  ];
  // A ready chunk is superseded for the sake of another chunk of its job, and there is only one.
  expect(drawn.filter((edge) => !taken.has(edge))).toEqual(['chunk: ready → superseded']);
});
