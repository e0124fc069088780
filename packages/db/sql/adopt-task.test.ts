import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accepted, acceptance, future_ms, heldUnknown, lost, ready } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, placeOf, row } from '../testing/ground.ts';
import { heldAsUnknown, heldByPoll, person } from '../testing/held-chunks.ts';
import { interposed } from '../testing/interposed.ts';
import { claim, claimPoll, readyChunk, settle, submit } from '../testing/walk-chunk.ts';
import { adoptTask, confirmAdoption } from './adopt-task.ts';
import { type PollClaim, settlePoll } from './poll-tasks.ts';
import { readDecisions } from './read-holds.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const decided = { kind: 'decided', state: 'polling' };
const confirm = (poll: PollClaim) =>
  ground.db.transaction('test', (tx) => confirmAdoption(tx, poll));

describe('adopting a task for an unknown upload', () => {
  test('moves no money before a worker has asked the provider for it', async () => {
    const { chunkId, attemptId } = await heldAsUnknown(ground);
    expect(await adoptTask(ground.db, chunkId, 'adopted-1', future_ms, person)).toEqual(decided);
    expect(await placeOf(ground, attemptId)).toBe('reserved');
    expect(await claimPoll(ground, chunkId)).toMatchObject({
      taskId: 'adopted-1',
      adopting: { numbers: 3 },
    });
    expect(await readDecisions(ground.db, 1, chunkId)).toMatchObject([
      { decision: 'adopt', decided_by: 'ada@example.com', task_id: 'adopted-1' },
    ]);
  });

  test('is compared with what was sent: not with what was suppressed before', async () => {
    const { chunkId } = await heldAsUnknown(ground);
    await ground.db.query(
      'UPDATE store.chunks SET numbers = numbers + 2, suppressed = 2 WHERE id = $1',
      [chunkId],
    );
    await adoptTask(ground.db, chunkId, 'adopted-11', future_ms, person);
    expect(await claimPoll(ground, chunkId)).toMatchObject({ adopting: { numbers: 3 } });
  });

  test('commits its money once it is confirmed, and is polled as any other from then on', async () => {
    const { chunkId, attemptId } = await heldAsUnknown(ground);
    await adoptTask(ground.db, chunkId, 'adopted-2', future_ms, person);
    const confirmed = await confirm(await claimPoll(ground, chunkId));
    expect(confirmed).toMatchObject({ kind: 'confirmed', claim: { adopting: null } });
    expect(await placeOf(ground, attemptId)).toBe('committed');
    const attempt = 'SELECT outcome, outcome_reason, task_id FROM store.attempts WHERE id = $1';
    expect(await row(ground, attempt, [attemptId])).toEqual({
      outcome: 'accepted',
      outcome_reason: null,
      task_id: 'adopted-2',
    });
    expect(await chunkRow(ground, chunkId)).toMatchObject({
      state: 'polling',
      adopting_task_id: null,
    });
  });

  test('that does not fit holds it as unknown again, and books nothing that the provider took for the other', async () => {
    const { chunkId, attemptId } = await heldAsUnknown(ground);
    await adoptTask(ground.db, chunkId, 'adopted-3', future_ms, person);
    const poll = await claimPoll(ground, chunkId);
    const status = { ...ready, actual: { amount: '99', currency: 'USD' } };
    await ground.db.transaction('test', (tx) =>
      settlePoll(
        tx,
        poll,
        { kind: 'status', status },
        { kind: 'hold', reason: 'unknown', detail: 'adopted_task_of_another_size' },
      ),
    );
    expect(await chunkRow(ground, chunkId)).toMatchObject({
      state: 'held',
      reason: 'unknown',
      held_detail: 'adopted_task_of_another_size',
      adopting_task_id: null,
    });
    expect(await placeOf(ground, attemptId)).toBe('reserved');
    const entries = 'SELECT array_agg(entry) AS booked FROM store.ledger WHERE attempt_id = $1';
    expect(await row(ground, entries, [attemptId])).toEqual({ booked: ['reserve'] });
    expect(await adoptTask(ground.db, chunkId, 'adopted-4', future_ms, person)).toEqual(decided);
  });

  test('gives way to the upload’s own answer, should that come after all', async () => {
    const { chunkId } = await readyChunk(ground);
    const chunk = await claim(ground, chunkId);
    await settle(ground, chunk, lost, heldUnknown);
    await adoptTask(ground.db, chunkId, 'adopted-5', future_ms, person);
    const poll = await claimPoll(ground, chunkId);
    await settle(ground, chunk, acceptance('its-own'), accepted);
    expect(await placeOf(ground, chunk.attemptId)).toBe('committed');
    expect(await confirm(poll)).toEqual({ kind: 'stale' });
    await ground.db.query('UPDATE store.chunks SET due_at = now() WHERE id = $1', [chunkId]);
    expect(await claimPoll(ground, chunkId)).toMatchObject({ taskId: 'its-own', adopting: null });
  });

  test('is not confirmed by a worker whose claim is another’s by the time it lets the adoption go', async () => {
    const { chunkId, attemptId } = await heldAsUnknown(ground);
    await adoptTask(ground.db, chunkId, 'adopted-10', future_ms, person);
    const old = await claimPoll(ground, chunkId);
    await ground.db.query('UPDATE store.chunks SET due_at = now() WHERE id = $1', [chunkId]);
    let newer: PollClaim | null = null;
    const confirmed = await ground.db.transaction('test', (tx) =>
      confirmAdoption(
        interposed(tx, "outcome = 'accepted'", async () => {
          newer = await claimPoll(ground, chunkId);
        }),
        old,
      ),
    );
    expect(newer).toMatchObject({ taskId: 'adopted-10', adopting: { numbers: 3 } });
    expect(confirmed).toEqual({ kind: 'stale' });
    expect(await placeOf(ground, attemptId)).toBe('reserved');
    expect(await chunkRow(ground, chunkId)).toMatchObject({ adopting_task_id: 'adopted-10' });
  });

  test('is never refused where the upload is known: an accepted upload is not held as unknown', async () => {
    const { chunkId } = await readyChunk(ground);
    await submit(ground, chunkId);
    const poll = await claimPoll(ground, chunkId);
    const refused = await ground.db.transaction('test', (tx) =>
      settlePoll(
        tx,
        poll,
        { kind: 'status', status: ready },
        { kind: 'hold', reason: 'unknown', detail: 'adopted_task_of_another_size' },
      ),
    );
    expect(refused).toEqual({ kind: 'stale' });
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'polling', reason: null });
  });

  test('that is refused after the upload’s own answer has come holds nothing: its own task is known', async () => {
    const { chunkId } = await readyChunk(ground);
    const chunk = await claim(ground, chunkId);
    await settle(ground, chunk, lost, heldUnknown);
    await adoptTask(ground.db, chunkId, 'adopted-6', future_ms, person);
    const poll = await claimPoll(ground, chunkId);
    expect(await settle(ground, chunk, acceptance('its-own-6'), accepted)).toMatchObject({
      kind: 'applied',
      state: 'polling',
    });
    const notFound = { kind: 'hold', reason: 'unknown', detail: 'adopted_task_not_found' } as const;
    const settled = await ground.db.transaction('test', (tx) =>
      settlePoll(tx, poll, { kind: 'not_found' }, notFound),
    );
    expect(settled).toEqual({ kind: 'stale' });
    expect(await claimPoll(ground, chunkId)).toMatchObject({
      taskId: 'its-own-6',
      missingPolls: 0,
    });
  });

  test('is refused where the task belongs to another upload, or another chunk adopts it', async () => {
    const other = await heldByPoll(ground, 'poll');
    const { chunkId } = await heldAsUnknown(ground);
    const before = await chunkRow(ground, chunkId);
    const inUse = { kind: 'task_in_use' };
    expect(await adoptTask(ground.db, chunkId, other.taskId, future_ms, person)).toEqual(inUse);
    const rival = await heldAsUnknown(ground);
    await adoptTask(ground.db, rival.chunkId, 'wanted', future_ms, person);
    expect(await adoptTask(ground.db, chunkId, 'wanted', future_ms, person)).toEqual(inUse);
    expect(await chunkRow(ground, chunkId)).toEqual(before);
    expect(await readDecisions(ground.db, 1, chunkId)).toEqual([]);
  });

  test('is not confirmed where another upload got the task meanwhile', async () => {
    const { chunkId } = await heldAsUnknown(ground);
    await adoptTask(ground.db, chunkId, 'raced', future_ms, person);
    const poll = await claimPoll(ground, chunkId);
    const rival = await readyChunk(ground);
    await settle(ground, await claim(ground, rival.chunkId), acceptance('raced'), accepted);
    expect(await confirm(poll)).toEqual({ kind: 'task_in_use' });
  });
});

test('adopting for an accepted upload takes the task that it has, and no other', async () => {
  const { chunkId, taskId } = await heldByPoll(ground, 'poll');
  expect(await adoptTask(ground.db, chunkId, 'another', future_ms, person)).toEqual({
    kind: 'task_in_use',
  });
  expect(await adoptTask(ground.db, chunkId, taskId, future_ms, person)).toEqual(decided);
  expect(await claimPoll(ground, chunkId)).toMatchObject({ taskId, adopting: null });
});
