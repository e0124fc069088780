// Over 300 lines: one ground, with chunks that were paid for once, serves every way in which a file is read again.

import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import {
  type AskedReplay,
  askReplay,
  claimReplay,
  readReplay,
  readReplayedRows,
  type ReplayClaim,
  settleReplay,
} from '@rollcall/db';
import {
  type ChunkId,
  makeId,
  Reconciliation,
  type ReplayId,
  type ResultSemantics,
} from '@rollcall/domain';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Equipment } from './equipment.ts';
import { rescue } from './sweeps/rescue.ts';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, spawnWorker } from './testing/spawn-worker.ts';
import { ingestChunk } from './stages/ingest.ts';
import { replayChunk } from './stages/replay.ts';

/** Kept files of webcom, a list of bare numbers each, read again after the account's settings said otherwise of what they mean. */
interface Read {
  readonly jobId: string;
  readonly chunkId: ChunkId;
  readonly numbers: readonly number[];
}

let ground: Ground;
const done: Read[] = [];
let held: Read;
/** Held, too: for the worker that does not know the account. */
let elsewhere: Read;
const count = 120;
const create = { account: 'webcom', operation: 'create' };
const by = { tenantId: 1, decidedBy: 'operator@example', why: 'the setting was wrong' };
const signal = new AbortController().signal;

async function read(serial: number, states: readonly string[]): Promise<Read> {
  const numbers = Array.from(
    { length: count },
    (_, index) => 447_914_000_000 + serial * 1_000 + index,
  );
  const jobId = await ground.enqueue('viber', numbers);
  const chunk = await ground.untilChunk(jobId, states);
  return { jobId, chunkId: chunk['id'] as ChunkId, numbers };
}

beforeAll(async () => {
  ground = await layGround({ chunkSize: 1_000 });
  const running = await ground.start(testBackends[0] ?? 'postgres');
  for (let serial = 0; serial < 7; serial += 1) done.push(await read(serial, ['done']));
  await ground.fault({
    match: create,
    action: { kind: 'file', edits: { semantics: 'table' } },
  });
  held = await read(9, ['held']);
  await ground.fault({
    match: create,
    action: { kind: 'file', edits: { semantics: 'table' } },
  });
  elsewhere = await read(10, ['held']);
  // From here on nobody works but who is told to.
  await running.stop(5_000);
}, 120_000);
afterAll(() => ground.close());

/** A worker that was started with another word on what webcom's files mean. */
function workerWith(semantics: ResultSemantics): Equipment {
  const accounts = new Map(ground.accounts.accounts);
  const webcom = accounts.get('webcom');
  if (!webcom) throw new Error('there is no account webcom');
  const checks = Object.fromEntries(
    Object.entries(webcom.checks).map(([check, offer]) => [check, { ...offer, semantics }]),
  );
  accounts.set('webcom', { ...webcom, checks });
  return { ...ground.equipment, accounts: { ...ground.accounts, accounts } };
}

async function ask(
  { chunkId }: Read,
  apply: boolean,
): Promise<AskedReplay & { readonly id: ReplayId }> {
  const id = makeId('replay', Date.now(), randomBytes(10));
  return { ...(await askReplay(ground.db, { id, chunkId, apply, by })), id };
}
const replay = (id: string) => readReplay(ground.db, 1, id);

async function outcomes({ jobId }: Read): Promise<Map<string, string>> {
  const { rows } = await ground.db.query<{ number: string; outcome: string }>(
    'SELECT number, outcome FROM rollcall.results WHERE job_id = $1',
    [jobId],
  );
  return new Map(rows.map(({ number, outcome }) => [number, outcome]));
}

/** The job as people see it, with both sums counted from its rows. */
async function sums({ jobId }: Read) {
  const { rows } = await ground.db.query(
    `SELECT j.state, j.registered, j.not_registered, j.cost, j.finished_at, a.ok FROM rollcall.jobs j, rollcall.audit($1) a WHERE j.job_id = $1`,
    [jobId],
  );
  return rows[0];
}

const opposite = (outcome: string) => (outcome === 'registered' ? 'not_registered' : 'registered');
/** All that a provider was asked and charged. */
const exchanges = async () =>
  JSON.stringify([
    await ground.simulator.control('GET', 'requests'),
    await ground.simulator.control('GET', 'ledger?account=webcom'),
  ]);

test('a comparison shows each row before and after, and changes none', async () => {
  const [chunk] = done as [Read];
  const [before, rows, spoken] = [await sums(chunk), await outcomes(chunk), await exchanges()];
  const { id } = await ask(chunk, false);
  expect(await replayChunk(workerWith('negatives_only'), chunk.chunkId)).toEqual({ compared: 1 });
  const shown = await replay(id);
  expect(shown).toMatchObject({
    state: 'done',
    mode: 'compare',
    semantics: 'negatives_only',
    rows_before: count,
    rows_after: count,
    unchanged: 0,
    attributes_changed: 0,
    asked_by: by.decidedBy,
    why: by.why,
  });
  expect(shown?.outcomes_changed).toContainEqual({
    from: 'registered',
    to: 'not_registered',
    numbers: before.registered,
  });
  const first = await readReplayedRows(ground.db, 1, id, { after: null, limit: 100 });
  const after = Number(first.at(-1)?.number.slice(1));
  const rest = await readReplayedRows(ground.db, 1, id, { after, limit: 100 });
  expect(
    [...first, ...rest].map((row) => [row.number, row.outcome_before, row.outcome_after]),
  ).toEqual(
    [...rows]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([number, outcome]) => [number, outcome, opposite(outcome)]),
  );
  expect([await sums(chunk), await outcomes(chunk)]).toEqual([before, rows]);
  expect(await exchanges()).toBe(spoken);
});

test('a correction replaces the rows of a closed job: both sums hold, nothing is paid, and once more changes nothing', async () => {
  const [, chunk] = done as [Read, Read];
  const [before, rows, spoken] = [await sums(chunk), await outcomes(chunk), await exchanges()];
  const { id } = await ask(chunk, true);
  expect(await replayChunk(workerWith('negatives_only'), chunk.chunkId)).toEqual({ corrected: 1 });
  const corrected = new Map([...rows].map(([number, outcome]) => [number, opposite(outcome)]));
  expect(await outcomes(chunk)).toEqual(corrected);
  expect(await sums(chunk)).toEqual({
    ...before,
    registered: before.not_registered,
    not_registered: before.registered,
    ok: true,
  });
  expect(await replay(id)).toMatchObject({ state: 'done', mode: 'correct', unchanged: 0 });

  const again = await ask(chunk, true);
  expect(await replayChunk(workerWith('negatives_only'), chunk.chunkId)).toEqual({ corrected: 1 });
  expect(await replay(again.id)).toMatchObject({
    state: 'done',
    unchanged: count,
    outcomes_changed: [],
  });
  expect(await outcomes(chunk)).toEqual(corrected);
  expect(await exchanges()).toBe(spoken);
});

test('a chunk that is held for its file is released once the settings fit, and shows a row for each number', async () => {
  expect((await ground.chunks(held.jobId))[0]).toMatchObject({ held_detail: 'semantics_mismatch' });
  const spoken = await exchanges();
  const early = await ask(held, true);
  expect(early).toMatchObject({ kind: 'asked', mode: 'release' });
  expect(await ask(held, true)).toMatchObject({ kind: 'open', replayId: early.id });
  expect(await ingestChunk(ground.equipment, held.chunkId, signal)).toEqual({ hold: 1 });
  expect(await replay(early.id)).toMatchObject({ state: 'failed', failure: 'semantics_mismatch' });

  // Compared, it has no rows before, and stays held.
  const compared = await ask(held, false);
  expect(await replayChunk(workerWith('table'), held.chunkId)).toEqual({ compared: 1 });
  const foreseen = await replay(compared.id);
  expect(foreseen).toMatchObject({ mode: 'compare', state: 'done', rows_before: 0, unchanged: 0 });
  expect(foreseen?.outcomes_changed).toContainEqual(
    expect.objectContaining({ from: null, to: 'registered' }),
  );
  expect((await ground.chunks(held.jobId))[0]).toMatchObject({ state: 'held' });

  const { id } = await ask(held, true);
  expect(await ingestChunk(workerWith('table'), held.chunkId, signal)).toEqual({ rows: count });
  expect(await replay(id)).toMatchObject({
    state: 'done',
    mode: 'release',
    semantics: 'table',
    rows_before: 0,
    rows_after: count,
    unchanged: 0,
  });
  const rows = await readReplayedRows(ground.db, 1, id, { after: null, limit: 1_000 });
  expect(new Map(rows.map((row) => [row.number, row.outcome_after]))).toEqual(await outcomes(held));
  expect(rows.every((row) => row.outcome_before === null)).toBe(true);
  expect(await sums(held)).toMatchObject({ state: 'completed', ok: true });
  expect(await exchanges()).toBe(spoken);
});

test('a file that is in doubt now fails the replay with that reason, and touches no row', async () => {
  const [, , chunk] = done as [Read, Read, Read];
  const rows = await outcomes(chunk);
  const { id } = await ask(chunk, true);
  expect(await replayChunk(workerWith('table'), chunk.chunkId)).toEqual({ failed: 1 });
  const failed = await replay(id);
  expect(failed).toMatchObject({ state: 'failed', rows_after: null });
  expect(failed?.failure).toMatch(/^[a-z_]+$/);
  expect(await outcomes(chunk)).toEqual(rows);
});

test('killed in the middle of a correction a worker leaves the rows as they were, and the next one corrects them', async () => {
  const [, , , chunk] = done as [Read, Read, Read, Read];
  const rows = await outcomes(chunk);
  const { id } = await ask(chunk, true);
  const accounts = await accountsEnvironment(ground.simulator, {
    edit: (text) => text.replaceAll('positives_only', 'negatives_only'),
  });
  const environment = { ...accounts, DATABASE_URL: ground.databaseUrl };
  const flags = ['--stages', 'ingest'];
  const dying = spawnWorker(
    { ...environment, ROLLCALL_CRASH_AT: 'replay.settle:before_commit' },
    { flags },
  );
  // No doorbell reaches it: the sweep finds what is due.
  expect(await dying.ended()).toMatchObject({ how: 'SIGKILL' });
  expect(await outcomes(chunk)).toEqual(rows);
  expect(await replay(id)).toMatchObject({ state: 'running', rows_after: null });
  const next = spawnWorker(environment, { flags });
  try {
    await waitFor(async () => (await replay(id))?.state === 'done', {
      timeoutMs: 60_000,
      describe: 'the next worker to correct the chunk',
    });
  } finally {
    await next.kill();
    await rm(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  }
  expect(await outcomes(chunk)).toEqual(
    new Map([...rows].map(([number, outcome]) => [number, opposite(outcome)])),
  );
  expect(await sums(chunk)).toMatchObject({ ok: true });
}, 180_000);

test('of two workers one reads; one whose lease is over settles nothing; a reader that always dies is given up', async () => {
  const [, , , , chunk] = done as [Read, Read, Read, Read, Read];
  const { id } = await ask(chunk, false);
  const worker = workerWith('negatives_only');
  const both = await Promise.all([
    replayChunk(worker, chunk.chunkId),
    replayChunk(worker, chunk.chunkId),
  ]);
  expect(both).toContainEqual({ compared: 1 });
  expect(both).toContainEqual({ gone: 1 });
  expect(await replay(id)).toMatchObject({ state: 'done' });

  const rows = await outcomes(chunk);
  const second = await ask(chunk, true);
  const slow = await ground.db.transaction('replay.claim', (tx) =>
    claimReplay(tx, chunk.chunkId, 0),
  );
  expect(await replayChunk(workerWith('positives_only'), chunk.chunkId)).toEqual({ corrected: 1 });
  const numbers = Float64Array.from(chunk.numbers);
  const late = await ground.db.transaction('replay.settle', (tx) =>
    settleReplay(tx, slow as ReplayClaim, numbers, new Reconciliation(numbers), 'negatives_only'),
  );
  expect(late).toEqual({ kind: 'stale' });
  expect(await replay(second.id)).toMatchObject({ state: 'done', unchanged: count });
  expect(await outcomes(chunk)).toEqual(rows);

  const third = await ask(chunk, true);
  for (let death = 0; death < 3; death += 1) {
    await ground.db.transaction('replay.claim', (tx) => claimReplay(tx, chunk.chunkId, 0));
  }
  expect(await replayChunk(worker, chunk.chunkId)).toEqual({ failed: 1 });
  expect(await replay(third.id)).toMatchObject({ state: 'failed', failure: 'parser_died' });
});

test('a worker that does not know the account leaves what it is rung for to others, however often', async () => {
  const accounts = new Map(ground.accounts.accounts);
  accounts.delete('webcom');
  const stranger = { ...ground.equipment, accounts: { ...ground.accounts, accounts } };
  const compared = await ask(done[0] as Read, false);
  expect(await ask(elsewhere, true)).toMatchObject({ mode: 'release' });
  for (let lap = 0; lap < 6; lap += 1) {
    for (const table of ['chunks', 'replays'])
      await ground.db.query(`UPDATE store.${table} SET due_at = now() WHERE due_at IS NOT NULL`);
    // A claim may pass over a row for a moment: whatever is locked is skipped, and rung for again.
    for (const rung of [
      () => ingestChunk(stranger, elsewhere.chunkId, signal),
      () => replayChunk(stranger, (done[0] as Read).chunkId),
    ]) {
      const counts = await waitFor(
        async () => {
          const said = await rung();
          return said['gone'] === 1 ? null : said;
        },
        { describe: 'the claim' },
      );
      expect(counts).toEqual({ wait: 1 });
    }
  }
  const tries = `SELECT c.state, c.ingest_tries, p.state AS replay, p.tries FROM store.chunks c, store.replays p WHERE c.id = $1 AND p.id = $2`;
  expect((await ground.db.query(tries, [elsewhere.chunkId, compared.id])).rows).toEqual([
    { state: 'result_ready', ingest_tries: 0, replay: 'waiting', tries: 0 },
  ]);
});

test('a file that is kept no longer is refused, and one that goes while it waits fails the replay', async () => {
  const [, , , , , chunk] = done as [Read, Read, Read, Read, Read, Read];
  const { id } = await ask(chunk, true);
  await ground.db.query(
    'DELETE FROM store.blobs WHERE id = (SELECT artifact_id FROM store.chunks WHERE id = $1)',
    [chunk.chunkId],
  );
  expect(await replayChunk(ground.equipment, chunk.chunkId)).toEqual({ failed: 1 });
  expect(await replay(id)).toMatchObject({ state: 'failed', failure: 'artifact_gone' });
  expect(await ask(chunk, true)).toMatchObject({ kind: 'refused', code: 'artifact_gone' });
});

test('the sweep rings for what waits, and no number is in a doorbell or a line of the log', async () => {
  const chunk = done[6] as Read;
  const rung: unknown[] = [];
  const { id } = await ask(chunk, false);
  await ground.db.query('UPDATE store.replays SET rung_at = NULL WHERE id = $1', [id]);
  const swept: Equipment = {
    ...ground.equipment,
    ring: async (doorbells) => void rung.push(...doorbells),
  };
  // As long as it takes: a sweep passes over what is locked, and so does every claim.
  await waitFor(async () => ((await rescue(swept))['rung'] ?? 0) > 0, {
    describe: 'the sweep to ring',
  });
  expect(rung).toContainEqual(expect.objectContaining({ stage: 'ingest', chunkId: chunk.chunkId }));
  expect(await replayChunk(workerWith('negatives_only'), chunk.chunkId)).toEqual({ compared: 1 });
  expect(ground.logged).toContainEqual(
    expect.objectContaining({ event: 'replay.done', replay: id, job: chunk.jobId }),
  );
  const said = JSON.stringify([ground.logged, rung]);
  const numbers = [...done, held].flatMap((each) => each.numbers.map(String));
  expect(numbers.filter((number) => said.includes(number))).toEqual([]);
});
