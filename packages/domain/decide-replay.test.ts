import { expect, test } from 'vitest';
import { chunkStates, type ChunkState } from './chunk.ts';
import { decideReplay, type ReplayFacts } from './decide-replay.ts';

const done: ReplayFacts = {
  state: 'done',
  heldReason: null,
  hasArtifact: true,
  isKept: true,
  apply: false,
};
const held: ReplayFacts = { ...done, state: 'held', heldReason: 'artifact' };

test('rows of a chunk that is done are compared, or corrected where somebody says so', () => {
  expect(decideReplay(done)).toEqual({ kind: 'replay', mode: 'compare' });
  expect(decideReplay({ ...done, apply: true })).toEqual({ kind: 'replay', mode: 'correct' });
});

test('a chunk that is held for its file is compared, or released', () => {
  expect(decideReplay(held)).toEqual({ kind: 'replay', mode: 'compare' });
  expect(decideReplay({ ...held, apply: true })).toEqual({ kind: 'replay', mode: 'release' });
  const upstream: ReplayFacts = { ...held, heldReason: 'upstream_failed', apply: true };
  expect(decideReplay(upstream)).toEqual({ kind: 'refuse', code: 'chunk_not_replayable' });
});

test('what was given up is compared and never changed', () => {
  expect(decideReplay({ ...done, state: 'failed' })).toEqual({ kind: 'replay', mode: 'compare' });
  expect(decideReplay({ ...done, state: 'failed', apply: true })).toEqual({
    kind: 'refuse',
    code: 'chunk_not_replayable',
  });
});

test('nothing is read again that never came, is kept no longer, or is just being worked on', () => {
  expect(decideReplay({ ...done, hasArtifact: false, isKept: false })).toEqual({
    kind: 'refuse',
    code: 'chunk_without_result',
  });
  expect(decideReplay({ ...done, isKept: false })).toEqual({
    kind: 'refuse',
    code: 'artifact_gone',
  });
  for (const state of Object.keys(chunkStates) as ChunkState[]) {
    if (state === 'done' || state === 'held' || state === 'failed') continue;
    expect(decideReplay({ ...done, state })).toEqual({
      kind: 'refuse',
      code: 'chunk_not_replayable',
    });
  }
});
