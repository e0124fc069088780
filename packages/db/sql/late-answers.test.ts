import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accepted,
  acceptance,
  future_ms,
  heldUnknown,
  lost,
  refused,
  retry,
} from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, newId, placeOf, row } from '../testing/ground.ts';
import { claim, claimPoll, readyChunk, settle } from '../testing/walk-chunk.ts';
import { adoptTask, confirmAdoption } from './adopt-task.ts';
import { giveUp, payAgain } from './decide-held.ts';
import { settlePoll } from './poll-tasks.ts';
import { readAttempts } from './read-chunks.ts';
import type { SubmittedChunk } from './submitted-chunk.ts';
import { expireLeases } from './sweep-due.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'support has answered' };

/** A chunk whose worker slept through its lease, which the expire sweep has ended. */
async function sleptThrough() {
  const { jobId, chunkId } = await readyChunk(ground);
  const chunk = await claim(ground, chunkId, { lease_ms: 0 });
  const expired = await ground.db.transaction('test', expireLeases);
  expect(expired.held).toContainEqual(
    expect.objectContaining({ chunkId, attemptId: chunk.attemptId, jobId }),
  );
  return chunk;
}

async function attemptRow({ attemptId }: SubmittedChunk) {
  return row(
    ground,
    `SELECT outcome, outcome_reason, task_id,
            (SELECT array_agg(verdict ORDER BY id) FROM store.evidence WHERE attempt_id = a.id) AS verdicts
       FROM store.attempts a WHERE id = $1`,
    [attemptId],
  );
}

describe('an answer that comes late', () => {
  test('an acceptance after the lease ran out moves unknown to accepted and held to polling', async () => {
    const chunk = await sleptThrough();
    expect(await chunkRow(ground, chunk.chunkId)).toMatchObject({
      state: 'held',
      reason: 'unknown',
      held_detail: 'worker_died',
    });
    expect(await settle(ground, chunk, acceptance('late-1'), accepted)).toMatchObject({
      kind: 'applied',
      state: 'polling',
    });
    expect(await attemptRow(chunk)).toMatchObject({ outcome: 'accepted', task_id: 'late-1' });
    expect(await placeOf(ground, chunk.attemptId)).toBe('committed');
    expect((await claimPoll(ground, chunk.chunkId)).taskId).toBe('late-1');
  });

  test.each([
    { what: 'a free refusal', answer: refused, result: retry },
    { what: 'a lost connection', answer: lost, result: heldUnknown },
  ])('$what is kept as evidence and changes nothing', async ({ answer, result }) => {
    const chunk = await sleptThrough();
    const before = await chunkRow(ground, chunk.chunkId);
    expect(await settle(ground, chunk, answer, result)).toEqual({ kind: 'stale' });
    expect(await chunkRow(ground, chunk.chunkId)).toEqual(before);
    expect(await attemptRow(chunk)).toMatchObject({
      outcome: 'unknown',
      outcome_reason: 'worker_died',
      verdicts: [answer.kind === 'unknown' ? answer.reason : answer.kind],
    });
    expect(await placeOf(ground, chunk.attemptId)).toBe('reserved');
  });

  test('an acceptance after give-up stays given up, but its task and its money are known, and whoever brings it is told', async () => {
    const chunk = await sleptThrough();
    expect(await giveUp(ground.db, chunk.chunkId, person)).toMatchObject({ state: 'failed' });
    expect(await placeOf(ground, chunk.attemptId)).toBe('at_risk');
    const told = { kind: 'stale', late: 'given_up' };
    expect(await settle(ground, chunk, acceptance('late-2'), accepted)).toEqual(told);
    // The reply to that COMMIT may be lost: whoever stores it again is told as well.
    expect(await settle(ground, chunk, acceptance('late-2'), accepted)).toEqual(told);
    expect(await chunkRow(ground, chunk.chunkId)).toMatchObject({ state: 'failed' });
    expect(await attemptRow(chunk)).toMatchObject({ outcome: 'accepted', task_id: 'late-2' });
    expect(await placeOf(ground, chunk.attemptId)).toBe('committed');
  });

  test('an acceptance after paying again is kept as evidence: the decision came first', async () => {
    const chunk = await sleptThrough();
    const approval = { id: newId.approval(), costCeiling: (10n ** 9n) as Money };
    await payAgain(ground.db, chunk.chunkId, { ...approval, liftedTo: 'written_off' }, person);
    const second = await claim(ground, chunk.chunkId);
    expect(await settle(ground, chunk, acceptance('late-3'), accepted)).toEqual({
      kind: 'stale',
      late: 'paid_twice',
    });
    expect(await attemptRow(chunk)).toMatchObject({
      outcome: 'written_off',
      task_id: null,
      verdicts: ['accepted'],
    });
    const kept = 'SELECT task_id FROM store.evidence WHERE attempt_id = $1';
    expect(await row(ground, kept, [chunk.attemptId])).toEqual({ task_id: 'late-3' });
    expect(await placeOf(ground, chunk.attemptId)).toBe('written_off');
    expect(await chunkRow(ground, chunk.chunkId)).toMatchObject({
      state: 'submitting',
      attempt_id: second.attemptId,
    });
    expect(await settle(ground, second, acceptance('second-3'), accepted)).toMatchObject({
      state: 'polling',
    });
  });

  test.each(['written_off', 'not_charged'] as const)(
    'an acceptance after paying again, the first being %s, says that money went twice: in the ledger, on the attempt and in rollcall.paid_twice',
    async (liftedTo) => {
      const chunk = await sleptThrough();
      const approval = { id: newId.approval(), costCeiling: (10n ** 9n) as Money };
      await payAgain(ground.db, chunk.chunkId, { ...approval, liftedTo }, person);
      const second = await claim(ground, chunk.chunkId);
      expect(await settle(ground, chunk, acceptance(`twice-${liftedTo}`), accepted)).toEqual({
        kind: 'stale',
        late: 'paid_twice',
      });
      expect(await placeOf(ground, chunk.attemptId)).toBe('written_off');
      await settle(ground, second, acceptance(`second-${liftedTo}`), accepted);
      expect(await readAttempts(ground.db, 1, chunk.chunkId)).toMatchObject([
        { outcome: liftedTo, task_id: null, named_task_id: `twice-${liftedTo}`, paid_twice: true },
        { outcome: 'accepted', named_task_id: null, paid_twice: false },
      ]);
      const told = `SELECT task_id, lifted_to, told_after_approval, approved_by FROM rollcall.paid_twice WHERE chunk_id = $1`;
      expect(await row(ground, told, [chunk.chunkId])).toEqual({
        task_id: `twice-${liftedTo}`,
        lifted_to: liftedTo,
        told_after_approval: true,
        approved_by: person.decidedBy,
      });
    },
  );

  test.each([
    ['written_off', 1],
    ['not_charged', 0],
  ] as const)(
    'a task that failed and was paid for again went twice unless its money came back: %s',
    async (liftedTo, twice) => {
      const chunk = await claim(ground, (await readyChunk(ground)).chunkId);
      await settle(ground, chunk, acceptance(`failed-${liftedTo}`), accepted);
      await ground.db.query(
        `UPDATE store.chunks SET state = 'held', reason = 'upstream_failed', due_at = NULL WHERE id = $1`,
        [chunk.chunkId],
      );
      const approval = { id: newId.approval(), costCeiling: (10n ** 9n) as Money };
      await payAgain(ground.db, chunk.chunkId, { ...approval, liftedTo }, person);
      await settle(ground, chunk, acceptance(`failed-${liftedTo}`), accepted);
      expect(await readAttempts(ground.db, 1, chunk.chunkId)).toMatchObject([
        { outcome: liftedTo, paid_twice: twice === 1 },
      ]);
      const told = 'SELECT count(*) AS uploads FROM rollcall.paid_twice WHERE chunk_id = $1';
      expect(await row(ground, told, [chunk.chunkId])).toEqual({ uploads: twice });
    },
  );

  test('an acceptance of another task than the one adopted is kept, and the adopted one stays', async () => {
    const chunk = await sleptThrough();
    await adoptTask(ground.db, chunk.chunkId, 'adopted-5', future_ms, person);
    const poll = await claimPoll(ground, chunk.chunkId);
    await ground.db.transaction('test', (tx) => confirmAdoption(tx, poll));
    expect(await settle(ground, chunk, acceptance('own-5'), accepted)).toEqual({
      kind: 'stale',
      late: 'another_task',
    });
    expect(await readAttempts(ground.db, 1, chunk.chunkId)).toMatchObject([
      { outcome: 'accepted', task_id: 'adopted-5', named_task_id: 'own-5', paid_twice: false },
    ]);
    expect(await placeOf(ground, chunk.attemptId)).toBe('committed');
  });

  test('the same answer stored twice, since the reply to a COMMIT was lost, changes nothing more', async () => {
    const chunk = await claim(ground, (await readyChunk(ground)).chunkId);
    await settle(ground, chunk, acceptance('twice-1'), accepted);
    const before = await chunkRow(ground, chunk.chunkId);
    expect(await settle(ground, chunk, acceptance('twice-1'), accepted)).toEqual({ kind: 'stale' });
    expect(await chunkRow(ground, chunk.chunkId)).toEqual(before);
    const ledger =
      'SELECT array_agg(entry ORDER BY id) AS entries FROM store.ledger WHERE attempt_id = $1';
    expect(await row(ground, ledger, [chunk.attemptId])).toEqual({
      entries: ['reserve', 'commit'],
    });
  });

  test('the same answer stored again after its task failed and was paid back leaves the money released', async () => {
    const chunk = await claim(ground, (await readyChunk(ground)).chunkId);
    await settle(ground, chunk, acceptance('failed-1'), accepted);
    const poll = await claimPoll(ground, chunk.chunkId);
    const failed = { kind: 'hold', reason: 'upstream_failed', detail: 'failed_twice' } as const;
    await ground.db.transaction('test', (tx) =>
      settlePoll(tx, poll, { kind: 'not_found' }, failed),
    );
    const approval = { id: newId.approval(), costCeiling: (10n ** 9n) as Money };
    await payAgain(ground.db, chunk.chunkId, { ...approval, liftedTo: 'not_charged' }, person);
    expect(await settle(ground, chunk, acceptance('failed-1'), accepted)).toEqual({
      kind: 'stale',
    });
    expect(await placeOf(ground, chunk.attemptId)).toBe('released');
  });
});
