import { readAccounts } from '@rollcall/config';
import { resolveHoldsBodySchema } from '@rollcall/contract';
import type { ApiKey } from '@rollcall/db';
import { createLogger } from '@rollcall/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Desk } from './resolve-hold.ts';
import { resolveHolds } from './resolve-holds.ts';
import { accountsText, type Json } from './testing/ground.ts';
import { type Held, insertHeld, insertHeldAccepted } from './testing/held-chunk.ts';
import { type HoldsGround, openHoldsGround, ticket } from './testing/holds-ground.ts';

let ground: HoldsGround;
let desk: Desk;
beforeAll(async () => {
  ground = await openHoldsGround();
  const read = readAccounts(accountsText, {}, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  desk = {
    database: ground.apiDatabase.ofTenant(key.tenantId),
    queues: ground.queues,
    accounts: read.accounts,
    log: createLogger({ name: 'api', level: 'silent' }),
  };
});
afterAll(() => ground.close());

const unknown = { reason: 'unknown' };
const key: ApiKey = {
  id: 'key_1',
  tenantId: 1,
  name: 'test',
  scopes: ['approvals:write'],
  expiresAt: null,
  family: 'key_1',
  requestsPerMinute: null,
  numbersPerDay: null,
  costPerDay: null,
};

let made: Held[] = [];
let decidedBefore = 0;
beforeEach(async () => {
  await closeHeld();
  made = [];
  for (let count = 0; count < 3; count += 1) made.push(await insertHeld(ground.database));
  decidedBefore = (await ground.decisions()).length;
});
const closeHeld = () =>
  ground.database.query(
    `UPDATE store.chunks SET state = 'failed', reason = NULL, held_detail = NULL, closed_at = now() WHERE state = 'held'`,
  );
const decidedSince = async () => (await ground.decisions()).slice(decidedBefore);

/** The call behind the route; two holds fill it where nothing else is said. */
async function decide(body: Json, idempotencyKey?: string, holds_max = 2): Promise<Json> {
  const asked = {
    key,
    body: resolveHoldsBodySchema.parse({ reason: ticket, ...body }),
    idempotencyKey,
  };
  const resolved = await resolveHolds(desk, asked, { holds_max, decideFor_ms: 60_000 });
  return resolved.kind === 'resolved' ? resolved.answer : resolved;
}

test('more holds than one call decides on are gone through under one key, within the ceiling that the dry run names for all', async () => {
  const dry = await decide({ filter: unknown, decision: 'pay_again', dry_run: true });
  expect(dry).toMatchObject({ matched: 3, decided: 3, repeated: 0, remaining: 0 });
  expect([dry.money, dry.outcomes.length]).toEqual([[{ currency: 'USD', amount: '0.006' }], 2]);
  const asked = { filter: unknown, decision: 'pay_again', expected_count: 3 };
  const batch = `parts-${made[0]?.chunkId}`;
  const low = await decide({ ...asked, cost_ceiling: '0.005' }, `low-${batch}`);
  expect(low).toMatchObject({ code: 'cost_ceiling_too_low', money: { cost: '0.006' } });
  expect(await decidedSince()).toEqual([]);

  const paid = { ...asked, cost_ceiling: '0.006' };
  const first = await decide(paid, batch);
  expect(first).toMatchObject({ matched: 3, decided: 2, repeated: 0, remaining: 1 });
  const second = await decide(paid, batch);
  expect(second).toMatchObject({ matched: 3, decided: 3, repeated: 2, remaining: 0 });
  expect(second.money).toEqual([{ currency: 'USD', amount: '0.006' }]);
  expect(await decidedSince()).toHaveLength(3);
});

test('older holds that a decision does not fit take no place of those that it fits', async () => {
  const late = [
    await insertHeldAccepted(ground.database, 'poll'),
    await insertHeldAccepted(ground.database, 'poll'),
  ];
  const asked = { filter: { account: 'alpha' }, decision: 'keep_polling', expected_count: 5 };
  const dry = await decide({ ...asked, dry_run: true }, undefined, 3);
  expect(dry).toMatchObject({ matched: 5, decided: 2, refused: 3, remaining: 0 });
  expect(dry.outcomes.map((each: Json) => each.code)).toEqual([null, null, 'decision_not_allowed']);
  const answer = await decide(asked);
  expect(answer).toMatchObject({ matched: 5, decided: 2, refused: 3, remaining: 0 });
  expect(answer.outcomes.map((each: Json) => each.chunk_id)).toEqual(
    late.map(({ chunkId }) => chunkId),
  );
});

test('what a key decided on and what is held again for the same upload takes no place of what is left', async () => {
  await closeHeld();
  const late = [];
  for (let count = 0; count < 3; count += 1) {
    late.push(await insertHeldAccepted(ground.database, 'poll'));
  }
  const asked = { filter: { reason: 'poll' }, decision: 'keep_polling', expected_count: 3 };
  const batch = `again-${late[0]?.chunkId}`;
  expect(await decide(asked, batch)).toMatchObject({ decided: 2, remaining: 1 });
  await ground.database.query(
    `UPDATE store.chunks SET state = 'held', reason = 'poll', due_at = NULL WHERE state = 'polling' AND id = ANY($1)`,
    [late.map(({ chunkId }) => chunkId)],
  );
  const second = await decide(asked, batch);
  expect(second).toMatchObject({ matched: 3, decided: 3, repeated: 2, remaining: 0 });
  expect(await decidedSince()).toHaveLength(3);
});

test('what somebody else decided alike meanwhile is refused, and its money is not counted', async () => {
  const [first] = made;
  if (!first) throw new Error('nothing was held');
  const { query } = desk.database;
  const theirs: number[] = [];
  const between = async (text: string, values: unknown[]) => {
    const read = await query(text, values);
    // Once the holds are listed, and before the first is decided on.
    if (/FROM unnest/.test(text) && theirs.length === 0) {
      theirs.push(0);
      theirs[0] = (await ground.resolve(first.chunkId, { decision: 'give_up' })).status;
    }
    return read;
  };
  Object.assign(desk.database, { query: between });
  const restore = () => Object.assign(desk.database, { query });
  const asked = { filter: unknown, decision: 'give_up', expected_count: 3 };
  const answer = await decide(asked, `alike-${first.chunkId}`, 10).finally(restore);
  expect(theirs).toEqual([200]);
  expect(answer).toMatchObject({ matched: 3, decided: 2, repeated: 0, refused: 1, remaining: 0 });
  expect(answer.money).toEqual([{ currency: 'USD', amount: '0.004' }]);
  expect(answer.outcomes[0]).toMatchObject({ chunk_id: first.chunkId, code: 'not_held' });
  expect(await decidedSince()).toHaveLength(3);
});
