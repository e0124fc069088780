import { type AttemptOutcome, attemptEdges, attemptOutcomes, type Money } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from './database.ts';
import { payAgain } from './sql/decide-held.ts';
import { heldUnknown, lost, notSent, retry } from './testing/answers.ts';
import { type Ground, layGround, newId, row } from './testing/ground.ts';
import { force, refusal } from './testing/refusal.ts';
import { claim, finish, readyChunk, settle, submit } from './testing/walk-chunk.ts';

/** Each protection of the schema seen to refuse a violation, written past all of our own code in plain SQL. */

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const insertAttempt = `INSERT INTO store.attempts
    (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, outcome, numbers, price_per_number, amount, currency, approval_id)
  SELECT $1, c.id, c.tenant_id, (SELECT COALESCE(max(attempt_no), 0) + 1 FROM store.attempts WHERE chunk_id = c.id), c.fence + 1, c.account,
         'https://acme.example', $3, c.numbers, 0.002, $4, 'USD', $5
    FROM store.chunks c WHERE c.id = $2`;

function addAttempt(
  tx: Transaction,
  chunkId: string,
  more: { outcome?: AttemptOutcome; amount?: string; approval?: string | null } = {},
) {
  const { outcome = 'intent', amount = '0.006', approval = null } = more;
  return tx.query(insertAttempt, [newId.attempt(), chunkId, outcome, amount, approval]);
}

const setOutcome = `UPDATE store.attempts SET outcome = $2, settled_at = CASE $2 WHEN 'intent' THEN NULL ELSE now() END WHERE id = $1`;

const dollar = 1_000_000_000n as Money;
const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'support has answered' };

/** A chunk whose first upload was written off by an approval of up to `costCeiling`. */
async function liftedChunk(costCeiling: Money = dollar) {
  const { chunkId } = await readyChunk(ground);
  const chunk = await claim(ground, chunkId);
  await settle(ground, chunk, lost, heldUnknown);
  const id = newId.approval();
  const decided = await payAgain(
    ground.db,
    chunkId,
    { id, costCeiling, liftedTo: 'written_off' },
    person,
  );
  expect(decided.kind).toBe('decided');
  return { chunkId, approval: id, attemptId: chunk.attemptId };
}

describe('while an attempt may have been paid for, Postgres refuses a second one', () => {
  test.each<AttemptOutcome>(['intent', 'accepted', 'unknown'])(
    'the first is %s',
    async (outcome) => {
      const { chunkId } = await readyChunk(ground);
      if (outcome === 'accepted') await submit(ground, chunkId);
      else {
        const chunk = await claim(ground, chunkId);
        if (outcome === 'unknown') await settle(ground, chunk, lost, heldUnknown);
      }
      expect(await refusal(ground, (tx) => addAttempt(tx, chunkId))).toBe(
        'one_attempt_that_may_cost',
      );
    },
  );

  test('but not after one that was proved free', async () => {
    const { chunkId } = await readyChunk(ground);
    await settle(ground, await claim(ground, chunkId), notSent, retry);
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId))).toBeNull();
  });

  test('of twenty claims at once, one gets the chunk', async () => {
    const { chunkId } = await readyChunk(ground);
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, () => claim(ground, chunkId)),
    );
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const attempts = 'SELECT count(*) AS attempts FROM store.attempts WHERE chunk_id = $1';
    expect(await row(ground, attempts, [chunkId])).toEqual({ attempts: 1 });
  });

  test('and with the index taken out it would go through: the index it is', async () => {
    const { chunkId } = await readyChunk(ground);
    await submit(ground, chunkId);
    expect(
      await refusal(ground, async (tx) => {
        await tx.query('DROP INDEX store.one_attempt_that_may_cost');
        await addAttempt(tx, chunkId);
      }),
    ).toBeNull();
  });
});

describe('paying again needs an approval', () => {
  const needed = 'paying_again_needs_approval';

  test('none', async () => {
    const { chunkId } = await liftedChunk();
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId))).toBe(needed);
  });

  test('another chunk’s', async () => {
    const { chunkId } = await liftedChunk();
    const { approval } = await liftedChunk();
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId, { approval }))).toBe(needed);
  });

  test('its own lets one attempt through', async () => {
    const { chunkId, approval } = await liftedChunk();
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId, { approval }))).toBeNull();
  });

  test('its own is not for a chunk that was never paid', async () => {
    const { chunkId } = await readyChunk(ground);
    const { approval } = await liftedChunk();
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId, { approval }))).toBe(needed);
  });

  test('not above its ceiling', async () => {
    const { chunkId, approval } = await liftedChunk(6_000_000n as Money);
    expect(await refusal(ground, (tx) => addAttempt(tx, chunkId, { approval }))).toBeNull();
    expect(
      await refusal(ground, (tx) => addAttempt(tx, chunkId, { approval, amount: '0.006000001' })),
    ).toBe('approval_cost_ceiling');
  });

  test('it serves one payment: free refusals do not use it up, an unknown outcome does', async () => {
    const { chunkId, approval } = await liftedChunk();
    await settle(ground, await claim(ground, chunkId), notSent, retry);
    const again = await claim(ground, chunkId);
    await settle(ground, again, lost, heldUnknown);
    expect(
      await refusal(ground, async (tx) => {
        // The second lock open, the first one alone: the same approval again.
        await tx.query('DROP INDEX store.one_attempt_that_may_cost');
        await addAttempt(tx, chunkId, { approval });
      }),
    ).toBe('one_payment_per_approval');
  });

  test('an attempt is lifted by one approval only', async () => {
    const { chunkId, attemptId } = await liftedChunk();
    expect(
      await refusal(ground, (tx) =>
        tx.query(
          `INSERT INTO store.approvals (id, tenant_id, chunk_id, attempt_id, lifted_to, approved_by, why, cost_ceiling)
           VALUES ($1, 1, $2, $3, 'written_off', 'a', 'b', 1)`,
          [newId.approval(), chunkId, attemptId],
        ),
      ),
    ).toBe('approvals_attempt_id_key');
  });
});

describe('an attempt', () => {
  test.each(attemptOutcomes)(
    'that begins as %s is refused, unless that is intent',
    async (outcome) => {
      const { chunkId } = await readyChunk(ground);
      expect(await refusal(ground, (tx) => addAttempt(tx, chunkId, { outcome }))).toBe(
        outcome === 'intent' ? null : 'attempts_begin_as_intent',
      );
    },
  );

  const pairs = attemptOutcomes.flatMap((from) =>
    attemptOutcomes.filter((to) => to !== from).map((to) => ({ from, to })),
  );
  test.each(pairs)('goes from $from to $to as drawn, or not at all', async ({ from, to }) => {
    const { chunkId } = await readyChunk(ground);
    const { attemptId } = await submit(ground, chunkId);
    const edge = attemptEdges.find((each) => each.from === from && each.to === to);
    for (const approved of [null, 'not_charged', 'written_off']) {
      const refused = await refusal(ground, async (tx) => {
        await force(tx, 'attempts', setOutcome, [attemptId, from]);
        if (approved !== null) {
          await tx.query(
            `INSERT INTO store.approvals (id, tenant_id, chunk_id, attempt_id, lifted_to, approved_by, why, cost_ceiling)
             VALUES ($1, 1, $2, $3, $4, 'a', 'b', 1)`,
            [newId.approval(), chunkId, attemptId, approved],
          );
        }
        await tx.query(setOutcome, [attemptId, to]);
      });
      const allowed = edge !== undefined && (!edge.needsApproval || approved === to);
      expect(refused, `approval: ${approved}`).toBe(allowed ? null : 'attempt_edges');
    }
  });

  test('goes anywhere with the trigger taken out: the trigger it is', async () => {
    const { attemptId } = await submit(ground, (await readyChunk(ground)).chunkId);
    const release = (tx: Transaction) => tx.query(setOutcome, [attemptId, 'refused_free']);
    expect(await refusal(ground, release)).toBe('attempt_edges');
    expect(
      await refusal(ground, async (tx) => {
        await tx.query('DROP TRIGGER guard_attempts ON store.attempts');
        await release(tx);
      }),
    ).toBeNull();
  });

  test.each([
    'chunk_id = (SELECT id FROM store.chunks WHERE id <> attempts.chunk_id LIMIT 1)',
    'attempt_no = attempt_no + 1',
    'fence = fence + 1',
    "account = 'other'",
    "provider_origin = 'https://elsewhere.example'",
    'numbers = numbers + 1',
    'price_per_number = 0',
    'amount = 0',
    "currency = 'EUR'",
    "task_id = 'another'",
    'task_id = NULL',
  ])('keeps its facts: SET %s is refused', async (change) => {
    await readyChunk(ground);
    const { attemptId } = await submit(ground, (await readyChunk(ground)).chunkId);
    expect(
      await refusal(ground, (tx) =>
        tx.query(`UPDATE store.attempts SET ${change} WHERE id = $1`, [attemptId]),
      ),
    ).toBe('attempt_facts');
  });

  test('is never deleted', async () => {
    const { attemptId } = await claim(ground, (await readyChunk(ground)).chunkId);
    expect(
      await refusal(ground, (tx) =>
        tx.query('DELETE FROM store.attempts WHERE id = $1', [attemptId]),
      ),
    ).toBe('attempts_are_kept');
  });

  test('has a task when it is accepted, and a task belongs to one attempt of a provider', async () => {
    const first = await submit(ground, (await readyChunk(ground)).chunkId);
    const second = await claim(ground, (await readyChunk(ground)).chunkId);
    const accept = (tx: Transaction, task: string | null) =>
      tx.query(
        `UPDATE store.attempts SET outcome = 'accepted', settled_at = now(), task_id = $2 WHERE id = $1`,
        [second.attemptId, task],
      );
    expect(await refusal(ground, (tx) => accept(tx, null))).toBe('accepted_has_a_task');
    const taken = await row(ground, 'SELECT task_id FROM store.attempts WHERE id = $1', [
      first.attemptId,
    ]);
    expect(await refusal(ground, (tx) => accept(tx, String(taken['task_id'])))).toBe(
      'one_attempt_per_task',
    );
    expect(await refusal(ground, (tx) => accept(tx, 'its-own-task'))).toBeNull();
  });
});

describe('what was written down stays as it was', () => {
  beforeAll(async () => {
    await liftedChunk();
    await finish(ground, (await readyChunk(ground)).chunkId);
  });
  test.each(['evidence', 'ledger', 'poll_history', 'decisions'])(
    '%s takes no update and no delete',
    async (table) => {
      expect(await row(ground, `SELECT count(*) > 0 AS any FROM store.${table}`)).toEqual({
        any: true,
      });
      for (const statement of [
        `UPDATE store.${table} SET tenant_id = tenant_id`,
        `DELETE FROM store.${table}`,
      ]) {
        expect(await refusal(ground, (tx) => tx.query(statement)), statement).toBe('append_only');
      }
    },
  );

  test('an attempt has one entry of a kind in the ledger', async () => {
    expect(
      await refusal(ground, (tx) =>
        tx.query(
          `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
           SELECT attempt_id, tenant_id, job_no, account, currency, entry, amount FROM store.ledger LIMIT 1`,
        ),
      ),
    ).toBe('ledger_attempt_id_entry_key');
  });
});
