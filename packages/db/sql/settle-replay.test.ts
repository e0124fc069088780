import { randomBytes } from 'node:crypto';
import {
  type ChunkId,
  makeId,
  Reconciliation,
  type ReplayId,
  type Verdict,
} from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { constraintOf } from '../database.ts';
import { type Ground, layGround } from '../testing/ground.ts';
import { person } from '../testing/held-chunks.ts';
import { answerSome, bothOutcomes, makeRetry, treeOf } from '../testing/retried-job.ts';
import { plan, receive, someNumbers } from '../testing/walk-chunk.ts';
import { askReplay } from './ask-replay.ts';
import { claimReplay } from './claim-replay.ts';
import { numbersOfChunk } from './numbers-of-chunk.ts';
import { findExportedJob, readExportPage } from './read-export.ts';
import { readReplay } from './read-replays.ts';
import { countAskedAgain, lockRetryTree } from './retry-job.ts';
import { settleReplay } from './settle-replay.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

type Said = readonly [Verdict, Readonly<Record<string, string>> | null] | null;

/** Reads a chunk again as a file that says this of its numbers, in their order; null: the file has no row. */
async function replay(chunkId: string, apply: boolean, said: readonly Said[]): Promise<ReplayId> {
  const { id, settled } = await startReplay(chunkId, apply, said);
  expect((await settled).kind).toBe('done');
  return id;
}

async function startReplay(chunkId: string, apply: boolean, said: readonly Said[]) {
  const { db } = ground;
  const id = makeId('replay', Date.now(), randomBytes(10));
  const asked = await askReplay(db, { id, chunkId: chunkId as ChunkId, apply, by: person });
  expect(asked.kind).toBe('asked');
  const claim = await db.transaction('test', (tx) => claimReplay(tx, chunkId, 30_000));
  if (!claim) throw new Error('nothing to claim');
  const numbers = await numbersOfChunk(db, claim.jobNo, claim.jobDay, claim.range, claim.numbers);
  const reconciliation = new Reconciliation(numbers);
  for (const [place, row] of said.entries()) {
    if (row) reconciliation.add(numbers[place] ?? 0, row[0], row[1]);
  }
  const settled = db.transaction('test', (tx) =>
    settleReplay(tx, claim, numbers, reconciliation, 'table'),
  );
  return { id, settled };
}

async function closedJob(size: number, answered: readonly number[]) {
  const jobId = await receive(ground, someNumbers(size));
  const [chunkId = ''] = await plan(ground, jobId, [{ size }]);
  await answerSome(ground, chunkId, answered);
  return { jobId, chunkId };
}

test('what changed is counted by outcome and by attributes, and the counts of a closed job move with it', async () => {
  const { jobId, chunkId } = await closedJob(5, [0, 1, 2]);
  const id = await replay(chunkId, true, [
    ['registered', null],
    ['registered', { name: 'a\tb\\' }],
    ['banned', null],
    ['registered', null],
    null,
  ]);
  expect(await readReplay(ground.db, 1, id)).toMatchObject({
    state: 'done',
    rows_before: 5,
    rows_after: 5,
    unchanged: 2,
    attributes_changed: 1,
    outcomes_changed: [
      { from: 'missing', to: 'registered', numbers: 1 },
      { from: 'registered', to: 'banned', numbers: 1 },
    ],
  });
  const { rows } = await ground.db.query(
    `SELECT j.state, j.registered, j.banned, j.missing, j.answered, a.ok FROM rollcall.jobs j, rollcall.audit($1) a WHERE j.job_id = $1`,
    [jobId],
  );
  expect(rows).toEqual([
    { state: 'completed', registered: 3, banned: 1, missing: 1, answered: 5, ok: true },
  ]);
  const shown = await ground.db.query(
    'SELECT outcome_before, outcome_after, attributes_after FROM rollcall.replayed_rows WHERE replay_id = $1 ORDER BY number',
    [id],
  );
  expect(shown.rows).toEqual([
    {
      outcome_before: 'registered',
      outcome_after: 'registered',
      attributes_after: { name: 'a\tb\\' },
    },
    { outcome_before: 'registered', outcome_after: 'banned', attributes_after: null },
    { outcome_before: 'missing', outcome_after: 'registered', attributes_after: null },
  ]);
  const chunk = await ground.db.query(
    'SELECT attribute_names, state FROM store.chunks WHERE id = $1',
    [chunkId],
  );
  expect(chunk.rows).toEqual([{ attribute_names: ['name'], state: 'done' }]);
});

test('what a retry was told stays the latest answer, and what a correction answers is not asked again', async () => {
  const { jobId, chunkId } = await closedJob(4, [0]);
  const childId = await makeRetry(ground, jobId);
  const [again = ''] = await plan(ground, childId, [{ size: 3 }]);
  // 1 is registered; 2 and 3 are missing there too.
  await answerSome(ground, again, [0]);
  await replay(chunkId, true, [
    ['registered', null],
    ['not_registered', null],
    ['not_registered', null],
    null,
  ]);
  const { rows } = await ground.db.query<{ outcome: string; answered_by: string }>(
    'SELECT outcome, answered_by FROM rollcall.latest_results WHERE job_id = $1 ORDER BY number',
    [jobId],
  );
  expect(rows).toEqual([
    { outcome: 'registered', answered_by: jobId },
    { outcome: 'registered', answered_by: childId },
    { outcome: 'not_registered', answered_by: jobId },
    { outcome: 'missing', answered_by: childId },
  ]);
  const exported = await findExportedJob(ground.db, 1, jobId);
  if (!exported) throw new Error('the job is not there');
  const page = { after: 0, limit: 10, outcome: null, latest: true };
  expect((await readExportPage(ground.db, exported, page)).map(({ outcome }) => outcome)).toEqual(
    rows.map(({ outcome }) => outcome),
  );
  for (const of of [jobId, childId]) {
    const counted = await ground.db.transaction('test', async (tx) =>
      countAskedAgain(tx, treeOf(await lockRetryTree(tx, 1, of)), bothOutcomes),
    );
    expect(counted.numbers, of).toBe(1);
  }
});

test('a retry that is being made holds off a correction, so that it copies the numbers that it counted', async () => {
  const { jobId, chunkId } = await closedJob(4, [0]);
  const said: readonly Said[] = Array.from({ length: 4 }, () => ['registered', null] as const);
  const { replaying, counted, copied } = await ground.db.transaction('test', async (tx) => {
    const tree = treeOf(await lockRetryTree(tx, 1, jobId));
    const before = await countAskedAgain(tx, tree, bothOutcomes);
    const { settled } = await startReplay(chunkId, true, said);
    let isOver = false;
    void settled.then(() => {
      isOver = true;
    });
    const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await waitFor(
      async () => {
        const blocked = await ground.db.query(
          'SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
          [rows[0]?.pid],
        );
        return blocked.rowCount === 1 || isOver;
      },
      { describe: 'the correction to wait, or to be over' },
    );
    const after = await countAskedAgain(tx, tree, bothOutcomes);
    return { replaying: settled, counted: before.numbers, copied: after.numbers };
  });
  expect([counted, copied]).toEqual([3, 3]);
  expect((await replaying).kind).toBe('done');
});

test('an ended replay and its rows stay as they are, and a chunk has one open at a time', async () => {
  const { chunkId } = await closedJob(2, [0]);
  const id = await replay(chunkId, false, [
    ['banned', null],
    ['banned', null],
  ]);
  const refusal = (statement: string, values: unknown[] = [id]) =>
    ground.db.query(statement, values).then(
      () => null,
      (error: unknown) => constraintOf(error),
    );
  expect(await refusal("UPDATE store.replays SET state = 'waiting' WHERE id = $1")).toBe(
    'ended_replays',
  );
  expect(await refusal('DELETE FROM store.replays WHERE id = $1')).toBe('replays_are_kept');
  expect(await refusal("UPDATE store.replayed_rows SET to_outcome = 'missing'", [])).toBe(
    'append_only',
  );
  const insert = `INSERT INTO store.replays (id, tenant_id, job_no, chunk_id, artifact_id, mode, asked_by, why, due_at)
                  SELECT $2, tenant_id, job_no, id, artifact_id, 'compare', 'x', 'x', now() FROM store.chunks WHERE id = $1`;
  expect(await refusal(insert, [chunkId, 'rpl_1'])).toBeNull();
  expect(await refusal(insert, [chunkId, 'rpl_2'])).toBe('one_open_replay');
  expect(await refusal("UPDATE store.replays SET why = 'y' WHERE id = 'rpl_1'", [])).toBe(
    'replay_facts',
  );
});
