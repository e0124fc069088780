import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addTenant } from '../testing/ground.ts';
import { insertHeld, insertHeldAccepted } from '../testing/held-chunk.ts';
import {
  type HoldsGround,
  loseSecondUpload,
  openHoldsGround,
  ticket,
} from '../testing/holds-ground.ts';

let ground: HoldsGround;
beforeAll(async () => {
  ground = await openHoldsGround();
});
afterAll(() => ground.close());

const placeOf = async (attemptId: string) => {
  const sql = 'SELECT place FROM store.attempt_money WHERE attempt_id = $1';
  return (await ground.database.query(sql, [attemptId])).rows[0]?.place;
};
const doorbells = async (queue: string) => {
  const found = ground.queues.all().find(({ name }) => name === queue);
  const jobs = (await found?.getJobs(['waiting', 'prioritized', 'delayed'])) ?? [];
  return jobs.map((job) => job.data);
};

describe('deciding', () => {
  test('to adopt polls the named task; its money waits for the provider’s word', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const { status, body } = await ground.resolve(chunkId, {
      decision: 'adopt',
      task_id: 'found-1',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      chunk: { id: chunkId, state: 'polling', task_id: 'found-1', reason: null },
      decision: {
        decision: 'adopt',
        task_id: 'found-1',
        reason: ticket,
        cost_ceiling: null,
      },
    });
    expect(body.decision.decided_by).toMatch(/^key_[0-9a-f-]{36} \(test\)$/);
    expect(await placeOf(attemptId)).toBe('reserved');
    expect(await doorbells('poll')).toContainEqual(expect.objectContaining({ account: 'alpha' }));
  });

  test('to pay again sends the chunk once more, and keeps who allowed what', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const asked = { decision: 'pay_again', cost_ceiling: '0.002' };
    const { status, body } = await ground.resolve(chunkId, asked, ground.approver);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      chunk: { state: 'ready' },
      decision: { decision: 'pay_again', cost_ceiling: '0.002' },
    });
    expect(await placeOf(attemptId)).toBe('written_off');
    expect(await doorbells('submit.alpha')).toContainEqual(expect.objectContaining({ chunkId }));
  });

  test('to pay again for what cost nothing releases its money', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const asked = { decision: 'pay_again', cost_ceiling: '1', not_charged: true };
    expect((await ground.resolve(chunkId, asked, ground.approver)).status).toBe(200);
    expect(await placeOf(attemptId)).toBe('released');
  });

  test('to keep polling, or to replay, sends it on its way', async () => {
    const late = await insertHeldAccepted(ground.database, 'poll');
    expect(
      (await ground.resolve(late.chunkId, { decision: 'keep_polling' })).body.chunk,
    ).toMatchObject({
      state: 'polling',
      task_id: late.taskId,
    });
    const doubted = await insertHeldAccepted(ground.database, 'artifact');
    expect(
      (await ground.resolve(doubted.chunkId, { decision: 'replay' })).body.chunk,
    ).toMatchObject({
      state: 'result_ready',
    });
    expect(await doorbells('ingest')).toContainEqual(
      expect.objectContaining({ chunkId: doubted.chunkId }),
    );
  });

  test('to give up ends its numbers as failed, closes the job with the last of them, and is logged without a word of the person', async () => {
    const { jobId, chunkId, attemptId } = await insertHeld(ground.database);
    const { body } = await ground.resolve(chunkId, { decision: 'give_up' });
    expect(body.chunk).toMatchObject({ state: 'failed' });
    expect(await placeOf(attemptId)).toBe('at_risk');
    const job = 'SELECT state, failed FROM rollcall.jobs WHERE job_id = $1';
    expect((await ground.database.query(job, [jobId])).rows).toEqual([
      { state: 'completed_with_errors', failed: 5 },
    ]);
    const lines = ground.logged().split('\n');
    const line = lines.find((each) => each.includes('hold.resolved') && each.includes(chunkId));
    expect(line).toContain('"decision":"give_up"');
    expect(ground.logged()).not.toContain(ticket);
  });
});

describe('deciding twice', () => {
  test('the same way answers the same, and leaves one decision', async () => {
    const { chunkId } = await insertHeld(ground.database);
    const asked = { decision: 'adopt', task_id: `twice-${chunkId}` };
    const answers = await Promise.all([
      ground.resolve(chunkId, asked),
      ground.resolve(chunkId, asked),
    ]);
    const third = await ground.resolve(chunkId, asked);
    for (const { status, body } of [...answers, third]) {
      expect(status).toBe(200);
      expect(body.decision).toEqual(third.body.decision);
    }
    expect(third.body.repeated).toBe(true);
    expect(answers.filter(({ body }) => body.repeated)).toHaveLength(1);
    expect(await ground.decisions(chunkId)).toHaveLength(1);
  });

  test('pays once where the request names its upload, also when the next one is held too', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const asked = { decision: 'pay_again', cost_ceiling: '0.002', attempt_id: attemptId };
    const first = await ground.resolve(chunkId, asked, ground.approver);
    expect(first.status).toBe(200);
    const next = await loseSecondUpload(ground.database, { chunkId, attemptId });
    const again = await ground.resolve(chunkId, asked, ground.approver);
    expect([again.status, again.body.decision]).toEqual([200, first.body.decision]);
    expect([first.body.repeated, again.body.repeated]).toEqual([false, true]);
    expect(again.body.chunk.state).toBe('held');
    const other = await ground.resolve(
      chunkId,
      { ...asked, cost_ceiling: '0.003' },
      ground.approver,
    );
    expect([other.status, other.body.code]).toEqual([409, 'not_held']);
    // Without a name it could be the first one, sent again.
    const unnamed = await ground.resolve(
      chunkId,
      { ...asked, attempt_id: undefined },
      ground.approver,
    );
    expect([unnamed.body.code, unnamed.body.errors?.[0]?.pointer]).toEqual([
      'invalid_request',
      '/attempt_id',
    ]);
    expect(await ground.decisions(chunkId)).toHaveLength(1);
    expect(
      (await ground.resolve(chunkId, { ...asked, attempt_id: next }, ground.approver)).status,
    ).toBe(200);
  });

  test('with another word on the money is refused, and says which decision stands', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const asked = { decision: 'pay_again', cost_ceiling: '0.002', attempt_id: attemptId };
    const first = await ground.resolve(chunkId, asked, ground.approver);
    expect(first.body.decision).toMatchObject({ not_charged: false });
    expect(
      (await ground.resolve(chunkId, { ...asked, not_charged: false }, ground.approver)).status,
    ).toBe(200);
    const other = await ground.resolve(chunkId, { ...asked, not_charged: true }, ground.approver);
    expect([other.status, other.body.code]).toEqual([409, 'not_held']);
    expect(other.body.detail).toContain(
      'pay_again with cost_ceiling 0.002 and not_charged false, for attempt ' + attemptId,
    );
    expect(await placeOf(attemptId)).toBe('written_off');
    expect(await ground.decisions(chunkId)).toHaveLength(1);
  });

  test('another way is refused', async () => {
    const { chunkId } = await insertHeld(ground.database);
    await ground.resolve(chunkId, { decision: 'adopt', task_id: `other-${chunkId}` });
    for (const asked of [
      { decision: 'give_up' },
      { decision: 'adopt', task_id: 'another' },
      { decision: 'keep_polling' },
    ]) {
      const { status, body } = await ground.resolve(chunkId, asked);
      expect([status, body.code]).toEqual([409, 'not_held']);
    }
    expect(await ground.decisions(chunkId)).toHaveLength(1);
  });
});

describe('is refused', () => {
  test('what does not fit the hold, naming what does', async () => {
    const { chunkId } = await insertHeldAccepted(ground.database, 'artifact');
    const asked = { decision: 'pay_again', cost_ceiling: '1' };
    const { status, body } = await ground.resolve(chunkId, asked, ground.approver);
    expect([status, body.code]).toEqual([409, 'decision_not_allowed']);
    expect(body.detail).toContain('keep_polling, replay, give_up');
    expect(await ground.decisions(chunkId)).toEqual([]);
  });

  test('a task of another upload', async () => {
    const other = await insertHeldAccepted(ground.database, 'poll');
    const { chunkId } = await insertHeld(ground.database);
    const { status, body } = await ground.resolve(chunkId, {
      decision: 'adopt',
      task_id: other.taskId,
    });
    expect([status, body.code]).toEqual([409, 'task_in_use']);
    expect(body.detail).toContain('one task answers for one upload');
  });

  test('another task for an upload that has one, naming its own', async () => {
    const { chunkId, taskId } = await insertHeldAccepted(ground.database, 'poll');
    const { status, body } = await ground.resolve(chunkId, {
      decision: 'adopt',
      task_id: 'another',
    });
    expect([status, body.code]).toEqual([409, 'task_in_use']);
    expect(body.title).not.toContain('another upload');
    expect(body.detail).toBe(
      `This upload already has the task ${taskId}; only that one can be adopted.`,
    );
    expect(await ground.decisions(chunkId)).toEqual([]);
  });

  test('paying again without a ceiling, below the price, or without the scope', async () => {
    const { chunkId } = await insertHeld(ground.database);
    const without = await ground.resolve(chunkId, { decision: 'pay_again' }, ground.approver);
    expect([without.status, without.body.code]).toEqual([422, 'cost_ceiling_required']);
    const low = await ground.resolve(
      chunkId,
      { decision: 'pay_again', cost_ceiling: '0.0019' },
      ground.approver,
    );
    expect([low.status, low.body.code]).toEqual([422, 'cost_ceiling_too_low']);
    expect(low.body.money).toEqual({ currency: 'USD', cost: '0.002', max_cost: '0.0019' });
    const lesser = await ground.resolve(chunkId, { decision: 'pay_again', cost_ceiling: '1' });
    expect([lesser.status, lesser.body.code]).toEqual([403, 'scope_missing']);
    expect(lesser.body.detail).toContain('approvals:write');
    expect(await ground.decisions(chunkId)).toEqual([]);
  });

  test.each([
    ['adopt without a task', { decision: 'adopt' }, '/task_id'],
    ['a task without adopt', { decision: 'give_up', task_id: 'x' }, '/task_id'],
    ['a ceiling without pay_again', { decision: 'give_up', cost_ceiling: '1' }, '/cost_ceiling'],
    ['not_charged without pay_again', { decision: 'replay', not_charged: true }, '/not_charged'],
    ['no reason', { decision: 'give_up', reason: ' ' }, '/reason'],
    ['the dots of a printed line', { decision: 'give_up', reason: '…' }, '/reason'],
    ['dots for a task', { decision: 'adopt', task_id: '...' }, '/task_id'],
    ['an unknown decision', { decision: 'forget' }, '/decision'],
  ])('%s', async (_name, asked, pointer) => {
    const { chunkId } = await insertHeld(ground.database);
    const { status, body } = await ground.resolve(chunkId, asked, ground.approver);
    expect([status, body.code]).toEqual([422, 'invalid_request']);
    expect(body.errors).toMatchObject([{ in: 'body', pointer }]);
  });

  test('a chunk of another tenant, one that is not held, and a key without the scope', async () => {
    const { chunkId } = await insertHeld(ground.database);
    const tenantId = await addTenant(ground.database);
    const stranger = await ground.bearer(['holds:resolve', 'approvals:write'], tenantId);
    const asked = { decision: 'give_up' };
    expect((await ground.resolve(chunkId, asked, stranger)).status).toBe(404);
    const { rows } = await ground.database.query(
      `SELECT id FROM store.chunks WHERE state = 'done' LIMIT 1`,
    );
    expect((await ground.resolve(rows[0].id, asked)).body.code).toBe('not_held');
    const lesser = await ground.bearer(['jobs:read', 'jobs:write', 'approvals:write']);
    expect((await ground.resolve(chunkId, asked, lesser)).body.code).toBe('scope_missing');
    expect(await ground.decisions(chunkId)).toEqual([]);
  });
});
