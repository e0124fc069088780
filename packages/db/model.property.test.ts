import * as model from '@rollcall/model';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, type Ground, layGround } from './testing/ground.ts';
import { commandRows, type Modelled, type Real, rules } from './testing/model-commands.ts';
import { plan, receive, someNumbers } from './testing/walk-chunk.ts';
import { syncAccounts } from './sql/accounts.ts';
import { auditSums } from './sql/audit-sums.ts';

// The verbs of this package, in any order, with old claims and with transactions that are broken off, against the model that
// packages/model walks through: after each, Postgres must be what the model is.

const runs = 60;
/** Shrinking a failure takes more runs; an account each keeps the sweeps of one out of the next. */
const accounts = Array.from({ length: 400 }, (_, at) => ({ ...account, id: `model-${at}` }));
let ground: Ground;
let begun = 0;
const seen: Real['seen'] = { commands: 0, edges: new Set() };

beforeAll(async () => {
  ground = await layGround(2);
  const synced = await syncAccounts(ground.db, [account, ...accounts]);
  if (!synced.ok) throw new Error(synced.problems.join('\n'));
});
afterAll(() => ground.close());

async function newChunk(): Promise<{ model: Modelled; real: Real }> {
  const { id } = accounts[begun++ % accounts.length] ?? account;
  const jobId = await receive(ground, someNumbers(model.numbersInChunk), { account: id });
  const [chunkId = ''] = await plan(ground, jobId, [{ size: model.numbersInChunk }]);
  return {
    model: { tasks: chunkId, store: model.readyStore(rules), uploads: [], polls: [], files: [] },
    real: {
      seen,
      ground,
      jobId,
      chunkId,
      account: id,
      uploads: [],
      polls: [],
      files: [],
      artifactIds: [],
    },
  };
}

test('whatever is done in whatever order, Postgres holds what the model holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.noBias(commandRows), async (row) => {
      await fc.asyncModelRun(newChunk, row);
    }),
    { numRuns: runs },
  );
  expect(await auditSums(ground.db)).toEqual([]);
  console.info(`${begun} runs, ${seen.commands} commands, ${seen.edges.size} edges of the chunk`);
  // Whatever the seed: most edges are in the machine's middle, which most runs come through.
  expect(seen.commands).toBeGreaterThan(runs * 5);
  expect(seen.edges.size).toBeGreaterThan(10);
});
