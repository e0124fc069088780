import type { ChunkToRead } from '@rollcall/db';
import { type CheckOffer, Reconciliation } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { judgeArtifact } from './read-artifact.ts';

const numbers = Float64Array.of(447_911_000_001, 447_911_000_002);

/** A list of two that were found, in which another row holds no number; of its chunk so many were erased, whatever was of its job. */
const judge = (erased: number, zeroedRows: number) => {
  const reconciliation = new Reconciliation(numbers);
  for (const number of numbers) reconciliation.add(number, 'registered', null);
  const chunk = {
    numbers: 2,
    retryRoot: null,
    total: null,
    filtered: 3,
    semanticsConfirmed: true,
    erased,
  };
  return judgeArtifact(
    // Only a retry is looked up.
    {} as never,
    chunk as ChunkToRead,
    { semantics: 'positives_only' } as CheckOffer,
    {
      usage: { peak_bytes: 0, processorTime_ms: 0 },
      outcome: {
        kind: 'read',
        format: 'txt',
        rows: 3,
        unreadableRows: 1,
        ...(zeroedRows > 0 && { zeroedRows }),
        undeterminedRows: 0,
        columns: [],
        parts: [],
        ignored: [],
        lastRecordTerminated: true,
      },
      reconciliation,
    },
  );
};

test('the zeros of a file that was written anew stand for what was erased, and count as its rows', async () => {
  expect(await judge(1, 1)).toEqual({ kind: 'publish' });
});

test('a row that was damaged is no number that was erased, and zeros are none where nothing was', async () => {
  const inDoubt = { kind: 'hold', verdict: 'mismatch', code: 'count_in_doubt' };
  expect(await judge(1, 0)).toEqual(inDoubt);
  expect(await judge(0, 1)).toEqual(inDoubt);
});
