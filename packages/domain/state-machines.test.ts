import { describe, expect, test } from 'vitest';
import { attemptEdges, attemptOutcomes, entryOf, mayHaveCost } from './attempt.ts';
import { chunkEdges, chunkStates, type Edge, finalChunkStates } from './chunk.ts';
import { closingState, finalJobStates, jobEdges, jobStates } from './job.ts';

/** Facts that hold of the machines as drawn; the database's are held to the same edges in packages/db. */

const machines: readonly {
  readonly name: string;
  readonly states: readonly string[];
  readonly start: readonly string[];
  readonly final: readonly string[];
  readonly edges: readonly Pick<Edge<string>, 'from' | 'to'>[];
}[] = [
  {
    name: 'chunk',
    states: Object.keys(chunkStates),
    // A chunk begins ready or behind the canary; one that is too small to send begins rejected.
    start: ['ready', 'blocked'],
    final: finalChunkStates,
    edges: chunkEdges,
  },
  {
    name: 'attempt',
    states: attemptOutcomes,
    start: ['intent'],
    final: ['refused_free', 'not_sent', 'not_charged', 'written_off'],
    edges: attemptEdges,
  },
  {
    name: 'job',
    states: Object.keys(jobStates),
    start: ['receiving'],
    final: finalJobStates,
    edges: jobEdges,
  },
];

describe.each(machines)('the machine of a $name', ({ states, start, final, edges }) => {
  test('names each edge once, between states that exist', () => {
    const named = edges.map(({ from, to }) => `${from} ${to}`);
    expect(new Set(named).size).toBe(named.length);
    for (const { from, to } of edges) expect(states).toEqual(expect.arrayContaining([from, to]));
  });

  test('reaches every state from its start', () => {
    const reached = new Set(start);
    for (let before = -1; before !== reached.size; ) {
      before = reached.size;
      for (const { from, to } of edges) if (reached.has(from)) reached.add(to);
    }
    expect([...reached].toSorted()).toEqual([...states].toSorted());
  });

  test('leaves every state but the final ones, and those never', () => {
    const left = new Set(edges.map(({ from }) => from));
    expect([...left].toSorted()).toEqual(
      states.filter((state) => !final.includes(state)).toSorted(),
    );
  });
});

test('money is in doubt or spent exactly while an attempt locks its chunk', () => {
  for (const outcome of attemptOutcomes) {
    const entry = entryOf(outcome);
    expect(mayHaveCost.includes(outcome)).toBe(entry !== 'release' && entry !== 'write_off');
  }
});

test('an attempt that may have cost is let go only with an approval', () => {
  for (const { from, to, needsApproval } of attemptEdges) {
    const letsGo = mayHaveCost.includes(from) && !mayHaveCost.includes(to);
    const provedFree = to === 'refused_free' || to === 'not_sent';
    expect(needsApproval).toBe(letsGo && !provedFree);
  }
});

test.each([
  ['planning', 0, 'completed'],
  ['running', 0, 'completed'],
  ['running', 1, 'completed_with_errors'],
  ['paused', 0, 'completed'],
  ['paused', 1, 'completed_with_errors'],
  ['cancelling', 0, 'cancelled'],
  ['cancelling', 1, 'cancelled'],
] as const)('a job that is %s with %i failed numbers closes as %s', (state, failed, closed) => {
  expect(closingState(state, failed)).toBe(closed);
  expect(jobEdges.some(({ from, to }) => from === state && to === closed)).toBe(true);
});
