import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { future_ms, heldUnknown, lost, past_ms, ready } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, placeOf, row } from '../testing/ground.ts';
import {
  approval,
  heldAsUnknown,
  heldByPoll,
  heldWithArtifact,
  person,
} from '../testing/held-chunks.ts';
import {
  claim,
  claimPoll,
  plan,
  readyChunk,
  receive,
  settle,
  someNumbers,
  startIngest,
  untilResult,
} from '../testing/walk-chunk.ts';
import { adoptTask } from './adopt-task.ts';
import { giveUp, keepPolling, payAgain, replayArtifact } from './decide-held.ts';
import { anyHold, listHolds } from './read-holds.ts';
import { leaveIngest } from './leave-ingest.ts';
import { settlePoll } from './poll-tasks.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

test('keep polling gives a new deadline, and forgets the doubts', async () => {
  const { chunkId } = await heldByPoll(ground, 'upstream_failed');
  await ground.db.query(
    'UPDATE store.chunks SET upstream_failures = 2, missing_polls = 5 WHERE id = $1',
    [chunkId],
  );
  expect(await keepPolling(ground.db, chunkId, future_ms, person)).toMatchObject({
    state: 'polling',
  });
  expect(await chunkRow(ground, chunkId)).toMatchObject({
    upstream_failures: 0,
    missing_polls: 0,
    poll_deadline_at: new Date(future_ms),
    held_detail: null,
  });
});

test('keep polling on a doubted file fetches a fresh one, and keeps the doubted one until it is there', async () => {
  const { chunkId, artifact } = await heldWithArtifact(ground);
  expect(await keepPolling(ground.db, chunkId, future_ms, person)).toMatchObject({
    state: 'polling',
  });
  expect(await chunkRow(ground, chunkId)).toMatchObject({ locator: null, ingest_tries: 0 });
  // The provider has nothing any more: the file of before can still be read.
  const poll = await claimPoll(ground, chunkId);
  await ground.db.transaction('test', (tx) =>
    settlePoll(
      tx,
      poll,
      { kind: 'not_found' },
      { kind: 'hold', reason: 'poll', detail: 'task_not_found' },
    ),
  );
  expect(await replayArtifact(ground.db, chunkId, person)).toMatchObject({ state: 'result_ready' });
  const again = await startIngest(ground, chunkId);
  expect(again.artifact).toMatchObject({ id: artifact.id });
  await ground.db.transaction('test', (tx) =>
    leaveIngest(tx, again, artifact.id, {
      kind: 'hold',
      reason: 'artifact',
      code: 'html',
      verdict: 'unreadable',
      detail: null,
    }),
  );
  // The provider answers: the next file is another one, and the doubted one stays as evidence.
  await keepPolling(ground.db, chunkId, future_ms, person);
  const fresh = await claimPoll(ground, chunkId);
  await ground.db.transaction('test', (tx) =>
    settlePoll(
      tx,
      fresh,
      { kind: 'status', status: ready },
      { kind: 'ready', locator: { kind: 'url', url: 'https://files.example/2' } },
    ),
  );
  expect(await startIngest(ground, chunkId)).toMatchObject({ artifact: null, tries: 0 });
  expect(
    await row(ground, 'SELECT verdict, verdict_code FROM store.artifacts WHERE id = $1', [
      artifact.id,
    ]),
  ).toEqual({ verdict: 'unreadable', verdict_code: 'html' });
});

describe('replay', () => {
  test('parses the archived file again, whose parser’s deaths are forgotten', async () => {
    const { chunkId, artifact } = await heldWithArtifact(ground);
    await ground.db.query('UPDATE store.artifacts SET parse_started = 2 WHERE id = $1', [
      artifact.id,
    ]);
    expect(await replayArtifact(ground.db, chunkId, person)).toMatchObject({
      state: 'result_ready',
    });
    expect((await startIngest(ground, chunkId)).artifact).toEqual({
      id: artifact.id,
      parseStarts: 0,
      encoding: 'identity',
    });
  });

  test('of a chunk whose file never came downloads it', async () => {
    const { chunkId } = await readyChunk(ground);
    await untilResult(ground, chunkId);
    const ingest = await startIngest(ground, chunkId);
    await ground.db.transaction('test', (tx) =>
      leaveIngest(tx, ingest, null, {
        kind: 'hold',
        reason: 'artifact',
        code: 'download_cut',
        verdict: null,
        detail: null,
      }),
    );
    expect(await replayArtifact(ground.db, chunkId, person)).toMatchObject({ kind: 'decided' });
    expect(await startIngest(ground, chunkId)).toMatchObject({ artifact: null, tries: 0 });
  });

  test('has nothing to read where there is neither file nor URL', async () => {
    const { chunkId } = await heldWithArtifact(ground);
    await ground.db.query(
      'UPDATE store.chunks SET artifact_id = NULL, locator = NULL WHERE id = $1',
      [chunkId],
    );
    expect(await replayArtifact(ground.db, chunkId, person)).toEqual({ kind: 'no_artifact' });
  });
});

describe('give up', () => {
  test('ends the numbers as failed, keeps the doubt and puts its money at risk', async () => {
    const { jobId, chunkId, attemptId } = await heldAsUnknown(ground);
    expect(await giveUp(ground.db, chunkId, person)).toEqual({
      kind: 'decided',
      state: 'failed',
      closing: { kind: 'closed', state: 'completed_with_errors' },
    });
    expect(await placeOf(ground, attemptId)).toBe('at_risk');
    expect(
      await row(ground, 'SELECT outcome FROM store.attempts WHERE id = $1', [attemptId]),
    ).toEqual({
      outcome: 'unknown',
    });
    expect(
      await row(
        ground,
        'SELECT state, failed, at_risk, reserved, cost FROM rollcall.jobs WHERE job_id = $1',
        [jobId],
      ),
    ).toEqual({
      state: 'completed_with_errors',
      failed: 3,
      at_risk: '0.006000000',
      reserved: '0',
      cost: '0',
    });
  });

  test('of what was paid leaves the money committed', async () => {
    const { chunkId, attemptId } = await heldByPoll(ground, 'poll');
    await giveUp(ground.db, chunkId, person);
    expect(await placeOf(ground, attemptId)).toBe('committed');
  });

  test('of a canary leaves the rest blocked, for a person', async () => {
    const jobId = await receive(ground, someNumbers(4));
    const [canary = '', rest = ''] = await plan(ground, jobId, [
      { size: 1, isCanary: true },
      { size: 3, state: 'blocked' },
    ]);
    await settle(ground, await claim(ground, canary), lost, heldUnknown);
    expect(await giveUp(ground.db, canary, person)).toMatchObject({ closing: { kind: 'open' } });
    expect(await chunkRow(ground, rest)).toMatchObject({
      state: 'blocked',
      reason: 'canary_rejected',
    });
  });
});

test('a hold waits since its attempt was held first, whatever was decided in vain; a new attempt waits anew', async () => {
  const holdOn = async (chunkId: string) =>
    (await listHolds(ground.db, 1, anyHold, { after: null, limit: 1_000 })).find(
      (hold) => hold.chunk_id === chunkId,
    );
  const since = async (chunkId: string) => (await holdOn(chunkId))?.held_since;
  const { chunkId } = await heldByPoll(ground, 'poll');
  const first = await since(chunkId);
  expect(first).toBeInstanceOf(Date);
  expect((await holdOn(chunkId))?.held_again_at).toBeNull();
  await keepPolling(ground.db, chunkId, future_ms, person);
  const poll = await claimPoll(ground, chunkId);
  const hold = { kind: 'hold', reason: 'upstream_failed', detail: 'failed_twice' } as const;
  await ground.db.transaction('test', (tx) =>
    settlePoll(tx, poll, { kind: 'status', status: ready }, hold),
  );
  expect(await since(chunkId)).toEqual(first);
  const again = (await holdOn(chunkId))?.held_again_at;
  expect(again?.getTime()).toBeGreaterThan(first?.getTime() ?? Infinity);
  await payAgain(ground.db, chunkId, approval(), person);
  await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
  expect((await since(chunkId))?.getTime()).toBeGreaterThan(first?.getTime() ?? 0);
});

test('what another tenant holds takes no decision', async () => {
  const { chunkId } = await heldAsUnknown(ground);
  const before = await chunkRow(ground, chunkId);
  const stranger = { ...person, tenantId: 2 };
  for (const decided of [
    await adoptTask(ground.db, chunkId, 'task', future_ms, stranger),
    await payAgain(ground.db, chunkId, approval(), stranger),
    await giveUp(ground.db, chunkId, stranger),
  ]) {
    expect(decided).toEqual({ kind: 'not_held' });
  }
  expect(await chunkRow(ground, chunkId)).toEqual(before);
});

test('a chunk that is not held takes no decision', async () => {
  const { chunkId } = await readyChunk(ground);
  const before = await chunkRow(ground, chunkId);
  for (const decided of [
    await adoptTask(ground.db, chunkId, 'task', future_ms, person),
    await payAgain(ground.db, chunkId, approval(), person),
    await keepPolling(ground.db, chunkId, past_ms, person),
    await replayArtifact(ground.db, chunkId, person),
    await giveUp(ground.db, chunkId, person),
  ]) {
    expect(decided).toEqual({ kind: 'not_held' });
  }
  expect(await chunkRow(ground, chunkId)).toEqual(before);
});
