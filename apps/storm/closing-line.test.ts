import { expect, test } from 'vitest';
import { closingLine } from './closing-line.ts';
import { runsBelowFiveKinds } from './summarise.ts';

const calm = { faults: { kill: 2, crash_point: 1 }, chunks: 12, violations: [] };
const bad = {
  ...calm,
  violations: [{ kind: 'lost', chunkId: null, count: 20, what: '20 rows' } as const],
};

test('a storm ends with one line for people, which says whether all was kept', () => {
  expect(closingLine([calm, calm], false)).toBe(
    'storm ok: 2 runs, 6 faults, 24 chunks, 0 violations',
  );
  expect(closingLine([bad], false)).toBe('storm failed: 1 run, 3 faults, 12 chunks, 1 violation');
  expect(closingLine([bad], true)).toBe(
    'storm over a naive pipeline: 1 run, 3 faults, 12 chunks, 1 violation, 0 chunks paid twice',
  );
  const twice = { kind: 'paid_twice', chunkId: 'twitter 1', count: 20, what: '2 charges' } as const;
  const other = { ...twice, chunkId: 'twitter 2' };
  expect(closingLine([{ ...calm, violations: [twice, twice, other] }], true)).toBe(
    'storm over a naive pipeline: 1 run, 3 faults, 12 chunks, 3 violations, 2 chunks paid twice',
  );
});

test('a storm of which a run met too few kinds of fault has failed, and says so', () => {
  const kinds = { kill: 1, pause: 1, provider: 2, database: 1 };
  const below = { ...calm, faults: kinds };
  const met = { ...calm, faults: { ...kinds, queue: 1 } };
  expect(runsBelowFiveKinds([below, met, { faults: { ...kinds, queue: 0, crash_point: 7 } }])).toBe(
    2,
  );
  expect(closingLine([below, met], false, 1)).toBe(
    'storm failed: 2 runs, 11 faults, 24 chunks, 0 violations, 1 run below five kinds of fault',
  );
});
