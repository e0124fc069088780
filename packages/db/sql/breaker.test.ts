import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost } from '../testing/answers.ts';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { approval, person } from '../testing/held-chunks.ts';
import { claim, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { readBreakers } from './breaker.ts';
import { loadSubmit } from './claim-submit.ts';
import { giveUp, payAgain } from './decide-held.ts';

let ground: Ground;
beforeEach(async () => {
  ground = await layGround();
});
afterEach(() => ground.close());

const fourChunks = async () =>
  plan(
    ground,
    await receive(ground, someNumbers(4)),
    Array.from({ length: 4 }, () => ({ size: 1 })),
  );
const lose = async (chunkId: string, answer = lost) => {
  const chunk = await claim(ground, chunkId);
  await settle(ground, chunk, answer, heldUnknown);
  return chunk;
};
/** As whoever claims a chunk of the account next sees it. */
const breakerAt = async (chunkId: string) =>
  ground.db.transaction(
    'test',
    async (tx) => (await loadSubmit(tx, chunkId))?.facts.account.breaker,
  );
const counted = async () => (await readBreakers(ground.db))[0]?.unknowns;

test.each(['written_off', 'not_charged'] as const)(
  'an unknown upload counts for its ten minutes, whoever pays for it again: %s',
  async (liftedTo) => {
    const [one = '', two = '', three = '', last = ''] = await fourChunks();
    await lose(one);
    const limited = await breakerAt(last);
    expect(limited).toMatchObject({ state: 'limited' });
    await payAgain(ground.db, one, approval(9_000_000n, liftedTo), person);
    expect(await breakerAt(last)).toEqual(limited);
    await lose(two);
    await payAgain(ground.db, two, approval(9_000_000n, liftedTo), person);
    await lose(three);
    await payAgain(ground.db, three, approval(9_000_000n, liftedTo), person);
    expect(await breakerAt(last)).toMatchObject({ state: 'open', why: 'unknown_uploads' });
    expect(await counted()).toBe(3);
  },
);

test('what an upload met is kept when it is paid for again: the breaker knows an answer that nobody could read', async () => {
  const [one = '', , , last = ''] = await fourChunks();
  const { attemptId } = await lose(one, { ...lost, reason: 'unreadable_answer' } as typeof lost);
  await payAgain(ground.db, one, approval(9_000_000n), person);
  const reason = 'SELECT outcome, outcome_reason FROM store.attempts WHERE id = $1';
  expect(await row(ground, reason, [attemptId])).toEqual({
    outcome: 'written_off',
    outcome_reason: 'unreadable_answer',
  });
  expect(await breakerAt(last)).toMatchObject({ state: 'open', why: 'unreadable_answer' });
});

test('an upload that is accepted late counts no more, and one that was given up still does', async () => {
  const [one = '', two = '', , last = ''] = await fourChunks();
  const late = await lose(one);
  await lose(two);
  await giveUp(ground.db, two, person);
  expect(await counted()).toBe(2);
  await settle(ground, late, acceptance('late'), accepted);
  expect(await counted()).toBe(1);
  expect(await breakerAt(last)).toMatchObject({ state: 'limited' });
});

test('a task that was accepted, failed and was paid for again was never in doubt', async () => {
  const [one = '', , , last = ''] = await fourChunks();
  const chunk = await claim(ground, one);
  await settle(ground, chunk, acceptance('failed'), accepted);
  await ground.db.query(
    `UPDATE store.chunks SET state = 'held', reason = 'upstream_failed', due_at = NULL WHERE id = $1`,
    [one],
  );
  await payAgain(ground.db, one, approval(9_000_000n), person);
  expect(await breakerAt(last)).toEqual({ state: 'closed' });
});
