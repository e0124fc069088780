import { type Database, payAgain } from '@rollcall/db';
import type { ApprovalId, Money } from '@rollcall/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addTenant, type Json } from '../testing/ground.ts';
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

const unknown = { reason: 'unknown' };

/** Does `work` once, after the holds or the decisions of a call were read and before the others are; returns what takes it back. */
function betweenReads(database: Database, work: () => Promise<unknown>): () => void {
  const { query } = database;
  let first: string | undefined;
  let done = false;
  const between = async (text: string, values: unknown[]) => {
    const kind = /FROM store\.decisions d/.test(text)
      ? 'decisions'
      : /FROM store\.chunks c/.test(text)
        ? 'holds'
        : first;
    first ??= kind;
    if (!done && kind !== first) {
      done = true;
      await work();
    }
    return query(text, values);
  };
  Object.assign(database, { query: between });
  return () => void Object.assign(database, { query });
}

describe('deciding on what a filter names', () => {
  let made: { chunkId: string; attemptId: string; jobId: string }[] = [];
  let decidedBefore = 0;
  beforeEach(async () => {
    // Whatever other tests left held is no part of these.
    await ground.database.query(
      `UPDATE store.chunks SET state = 'failed', reason = NULL, held_detail = NULL, closed_at = now() WHERE state = 'held'`,
    );
    made = [];
    for (let count = 0; count < 3; count += 1) made.push(await insertHeld(ground.database));
    decidedBefore = (await ground.decisions()).length;
  });
  const decidedSince = async () => (await ground.decisions()).slice(decidedBefore);

  test('ends each as failed, in its own transaction, and keeps who and why of each', async () => {
    const other = await insertHeldAccepted(ground.database, 'poll');
    const asked = { filter: unknown, decision: 'give_up', expected_count: 3 };
    const { status, body } = await ground.resolveAll(asked);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      matched: 3,
      decided: 3,
      refused: 0,
      remaining: 0,
      dry_run: false,
    });
    expect(body.money).toEqual([{ currency: 'USD', amount: '0.006' }]);
    expect(body.outcomes).toEqual(
      made.map(({ jobId, chunkId, attemptId }) => ({
        chunk_id: chunkId,
        job_id: jobId,
        attempt_id: attemptId,
        detail: 'connection_lost',
        held_since: expect.stringMatching(/^20.*Z$/),
        outcome: 'decided',
        repeated: false,
        code: null,
        state: 'failed',
        numbers: 5,
        amount: '0.002',
        currency: 'USD',
      })),
    );
    const kept = await decidedSince();
    expect(kept).toHaveLength(3);
    for (const each of kept) {
      expect(each).toMatchObject({ decision: 'give_up', why: ticket });
      expect(each.decided_by).toMatch(/^key_/);
    }
    const held = await ground.database.query(`SELECT id FROM store.chunks WHERE state = 'held'`);
    expect(held.rows).toEqual([{ id: other.chunkId }]);
  });

  test('with dry_run says what it would decide and the money, and changes nothing', async () => {
    const asked = { filter: unknown, decision: 'pay_again', dry_run: true };
    const { body } = await ground.resolveAll(asked);
    expect(body).toMatchObject({ dry_run: true, decided: 3, money: [{ amount: '0.006' }] });
    expect(body.outcomes.map((each: Json) => each.outcome)).toEqual(
      Array.from({ length: 3 }, () => 'would_be_decided'),
    );
    expect(await decidedSince()).toEqual([]);
  });

  test('with dry_run is held to the ceiling that it names, which is for all together', async () => {
    const asked = { filter: unknown, decision: 'pay_again', dry_run: true };
    const low = await ground.resolveAll({ ...asked, cost_ceiling: '0.0059' });
    expect([low.status, low.body.code]).toEqual([422, 'cost_ceiling_too_low']);
    expect(low.body.money).toEqual({ currency: 'USD', cost: '0.006', max_cost: '0.0059' });
    expect((await ground.resolveAll({ ...asked, cost_ceiling: '0.006' })).status).toBe(200);
    const misfit = { ...asked, decision: 'give_up', cost_ceiling: '1' };
    expect((await ground.resolveAll(misfit)).body.errors).toMatchObject([
      { pointer: '/cost_ceiling' },
    ]);
  });

  test('narrows by job, detail, check, account and time', async () => {
    const jobId = made[0]?.jobId;
    const found = async (filter: Json) =>
      (await ground.resolveAll({ filter, decision: 'give_up', dry_run: true })).body.matched;
    expect(await found({ job_id: jobId })).toBe(1);
    expect(await found({ detail: 'connection_lost' })).toBe(3);
    expect(await found({ detail: 'no_answer' })).toBe(0);
    expect(await found({ check: 'viber', ...unknown })).toBe(0);
    expect(await found({ account: 'alpha', held_before: '2020-01-01T00:00:00Z' })).toBe(0);
    expect(await found({ account: 'alpha', held_before: '2100-01-01T00:00:00Z' })).toBe(3);
  });

  test('refuses each that the decision does not fit, and decides on the others', async () => {
    const doubted = await insertHeldAccepted(ground.database, 'artifact');
    const { body } = await ground.resolveAll({
      filter: { account: 'alpha' },
      decision: 'keep_polling',
    });
    expect(body).toMatchObject({ matched: 4, decided: 1, refused: 3 });
    expect(body.outcomes).toContainEqual(
      expect.objectContaining({ chunk_id: doubted.chunkId, outcome: 'decided', state: 'polling' }),
    );
    expect(body.outcomes).toContainEqual(
      expect.objectContaining({
        chunk_id: made[0]?.chunkId,
        outcome: 'refused',
        code: 'decision_not_allowed',
        state: 'held',
      }),
    );
  });

  test('pays again once, however often it is sent under its key, also for what is lost again', async () => {
    const asked = { filter: unknown, decision: 'pay_again', cost_ceiling: '0.006' };
    const first = await ground.resolveAll(asked, ground.approver, `batch-${made[0]?.chunkId}`);
    expect(first.body).toMatchObject({ decided: 3, money: [{ currency: 'USD', amount: '0.006' }] });
    const approvals = `SELECT cost_ceiling::float8 AS ceiling FROM store.approvals WHERE chunk_id = ANY($1)`;
    const ids = made.map(({ chunkId }) => chunkId);
    const three = [{ ceiling: 0.002 }, { ceiling: 0.002 }, { ceiling: 0.002 }];
    expect((await ground.database.query(approvals, [ids])).rows).toEqual(three);
    const [lost] = made;
    if (!lost) throw new Error('nothing was held');
    const { chunkId } = lost;
    await loseSecondUpload(ground.database, lost);
    const again = await ground.resolveAll(asked, ground.approver, `batch-${chunkId}`);
    expect(again.status).toBe(200);
    expect(first.body.repeated).toBe(0);
    expect(again.body).toMatchObject({ decided: 3, repeated: 3, remaining: 0 });
    expect(again.body.outcomes.map((each: Json) => each.repeated)).toEqual([true, true, true]);
    expect(again.body.outcomes.map((each: Json) => each.attempt_id).toSorted()).toEqual(
      made.map((each) => each.attemptId).toSorted(),
    );
    expect((await ground.database.query(approvals, [ids])).rows).toEqual(three);
    expect(await decidedSince()).toHaveLength(3);
    const other = { ...asked, cost_ceiling: '0.007' };
    expect((await ground.resolveAll(other, ground.approver, `batch-${chunkId}`)).body.code).toBe(
      'idempotency_key_reused',
    );
  });

  test('sent at once from two sides under one key is one decision each', async () => {
    const asked = { filter: unknown, decision: 'pay_again', cost_ceiling: '1' };
    const key = `race-${made[0]?.chunkId}`;
    const answers = await Promise.all(
      [1, 2].map(() => ground.resolveAll(asked, ground.approver, key)),
    );
    for (const { status, body } of answers) expect([status, body.refused]).toEqual([200, 0]);
    expect(await decidedSince()).toHaveLength(3);
  });

  test('keeps its ceiling also where the same call decides on another side between its reads', async () => {
    const [{ chunkId } = { chunkId: '' }] = made;
    const key = `between-${chunkId}`;
    const restore = betweenReads(ground.apiDatabase, () =>
      payAgain(
        ground.database,
        chunkId,
        {
          id: `apr_${chunkId.slice(4)}` as ApprovalId,
          costCeiling: 2_000_000n as Money,
          liftedTo: 'written_off',
        },
        { tenantId: 1, decidedBy: 'the other side', why: ticket, batchKey: key },
      ),
    );
    const asked = { filter: unknown, decision: 'pay_again', cost_ceiling: '0.004' };
    const { body } = await ground.resolveAll(asked, ground.approver, key).finally(restore);
    expect(body.code).toBe('cost_ceiling_too_low');
    expect(await decidedSince()).toHaveLength(1);
  });

  describe('is refused', () => {
    test.each([
      ['an empty filter', { filter: {}, decision: 'give_up' }, '/filter'],
      ['no filter', { decision: 'give_up' }, '/filter'],
      ['adopt', { filter: unknown, decision: 'adopt' }, '/decision'],
      ['an unknown field', { filter: { state: 'held' }, decision: 'give_up' }, '/filter/state'],
      ['no reason', { filter: unknown, decision: 'give_up', reason: ' ' }, '/reason'],
      [
        'a ceiling without pay_again',
        { filter: unknown, decision: 'give_up', cost_ceiling: '1' },
        '/cost_ceiling',
      ],
      [
        'pay_again without a key',
        { filter: unknown, decision: 'pay_again', cost_ceiling: '1' },
        '/idempotency-key',
      ],
    ])('%s', async (_name, asked, pointer) => {
      const { status, body } = await ground.resolveAll(asked, ground.approver);
      expect([status, body.code]).toEqual([422, 'invalid_request']);
      expect(body.errors).toContainEqual(expect.objectContaining({ pointer }));
      expect(await decidedSince()).toEqual([]);
    });

    test('paying again without a ceiling, with one below the sum, or without the scope', async () => {
      const asked = { filter: unknown, decision: 'pay_again' };
      const without = await ground.resolveAll(asked, ground.approver, 'a');
      expect([without.status, without.body.code]).toEqual([422, 'cost_ceiling_required']);
      const low = await ground.resolveAll(
        { ...asked, cost_ceiling: '0.0059' },
        ground.approver,
        'b',
      );
      expect([low.status, low.body.code]).toEqual([422, 'cost_ceiling_too_low']);
      expect(low.body.money).toEqual({ currency: 'USD', cost: '0.006', max_cost: '0.0059' });
      const lesser = await ground.resolveAll({ ...asked, cost_ceiling: '1' }, ground.resolver, 'c');
      expect([lesser.status, lesser.body.code]).toEqual([403, 'scope_missing']);
      expect(await decidedSince()).toEqual([]);
    });

    test('another count than expected', async () => {
      const asked = { filter: unknown, decision: 'give_up', expected_count: 2 };
      const { status, body } = await ground.resolveAll(asked);
      expect([status, body.code]).toEqual([409, 'expected_count_differs']);
      expect(body.detail).toContain('names 3 holds');
      expect(await decidedSince()).toEqual([]);
    });

    test('what another tenant holds, and a key without the scope', async () => {
      const stranger = await ground.bearer(['holds:resolve'], await addTenant(ground.database));
      const asked = { filter: unknown, decision: 'give_up' };
      expect((await ground.resolveAll(asked, stranger)).body).toMatchObject({
        matched: 0,
        outcomes: [],
      });
      const lesser = await ground.bearer(['jobs:read', 'jobs:write']);
      expect((await ground.resolveAll(asked, lesser)).status).toBe(403);
      expect(await decidedSince()).toEqual([]);
    });
  });
});
