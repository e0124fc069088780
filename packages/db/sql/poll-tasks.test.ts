import type { PollDecision, TaskStatus } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { future_ms, past_ms, ready } from '../testing/answers.ts';
import { accountState } from '../testing/account-state.ts';
import { account, chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import {
  claimPoll,
  plan,
  readyChunk,
  receive,
  someNumbers,
  submit,
} from '../testing/walk-chunk.ts';
import { resumeAccount } from './accounts.ts';
import { claimPolls, type PollClaim, settlePoll } from './poll-tasks.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const wait: PollDecision = {
  kind: 'wait',
  due_ms: past_ms,
  notBefore_ms: past_ms,
  deadline_ms: future_ms,
  awaitingPaymentSince_ms: null,
  applied: true,
  upstreamFailures: 0,
  missingPolls: 0,
};

async function polling() {
  const { chunkId } = await readyChunk(ground);
  await submit(ground, chunkId);
  return { chunkId, poll: await claimPoll(ground, chunkId) };
}
const settleStatus = async (claim: PollClaim, status: TaskStatus, decision: PollDecision) =>
  ground.db.transaction('test', (tx) =>
    settlePoll(tx, claim, { kind: 'status', status }, decision),
  );

test('a task is polled by one worker at a time, the longest overdue first', async () => {
  const jobId = await receive(ground, someNumbers(6));
  const chunks = await plan(
    ground,
    jobId,
    Array.from({ length: 6 }, () => ({ size: 1 })),
  );
  for (const chunk of chunks) await submit(ground, chunk);
  for (const [index, chunk] of chunks.entries()) {
    await ground.db.query(
      "UPDATE store.chunks SET due_at = clock_timestamp() - $2 * interval '1 minute' WHERE id = $1",
      [chunk, index],
    );
  }
  const [first = '', second = ''] = chunks.toReversed();
  const overdue = await claimPolls(ground.db, account.id, 2, 60_000);
  expect(overdue.map(({ chunkId }) => chunkId as string).toSorted()).toEqual(
    [first, second].toSorted(),
  );
  const rest = await Promise.all(
    Array.from({ length: 5 }, () => claimPolls(ground.db, account.id, 10, 60_000)),
  );
  const claimed = [...overdue, ...rest.flat()].map(({ chunkId }) => chunkId as string);
  expect(claimed.toSorted()).toEqual(chunks.toSorted());
});

test('every answer is history, with its counters and whether it was applied', async () => {
  const { chunkId, poll } = await polling();
  const status = {
    ...ready,
    word: 'fermenting\0',
    phase: 'unrecognised',
    total: 9,
    success: 3,
    failure: 1,
    filtered: 2,
  } as const;
  await settleStatus(poll, { ...status, locator: null }, { ...wait, applied: false });
  const second = await claimPoll(ground, chunkId);
  expect(second).toMatchObject({ polls: 1, lastDetermined: 4 });
  await ground.db.transaction('test', (tx) => settlePoll(tx, second, { kind: 'not_found' }, wait));
  const { rows } = await ground.db.query(
    `SELECT answer, word, phase, total, success, failure, filtered, applied FROM store.poll_history WHERE chunk_id = $1 ORDER BY id`,
    [chunkId],
  );
  const nothing = {
    word: null,
    phase: null,
    total: null,
    success: null,
    failure: null,
    filtered: null,
  };
  expect(rows).toEqual([
    {
      answer: 'status',
      word: 'fermenting\ufffd',
      phase: 'unrecognised',
      total: 9,
      success: 3,
      failure: 1,
      filtered: 2,
      applied: false,
    },
    { answer: 'not_found', ...nothing, applied: true },
  ]);
  // What was known stays known where an answer tells nothing new.
  expect(await chunkRow(ground, chunkId)).toMatchObject({
    polls: 2,
    last_total: 9,
    last_determined: 4,
    last_filtered: 2,
  });
});

test('waiting for payment is marked, and ends with the state', async () => {
  const { chunkId, poll } = await polling();
  await settleStatus(poll, ready, { ...wait, awaitingPaymentSince_ms: past_ms });
  expect(await chunkRow(ground, chunkId)).toMatchObject({
    state: 'polling',
    awaiting_payment_since: new Date(past_ms),
  });
  const again = await claimPoll(ground, chunkId);
  expect(again.awaitingPaymentSince_ms).toBe(past_ms);
  await settleStatus(again, ready, { kind: 'ready', locator: { kind: 'hash', hash: 'h\0' } });
  expect(await chunkRow(ground, chunkId)).toMatchObject({
    state: 'result_ready',
    awaiting_payment_since: null,
    locator: { kind: 'hash', hash: 'h\ufffd' },
  });
});

test('a task that failed upstream leaves a claim for its money, once', async () => {
  const { chunkId, poll } = await polling();
  const failed = { ...ready, word: 'failed', phase: 'failed', locator: null } as const;
  const held: PollDecision = { kind: 'hold', reason: 'upstream_failed', detail: 'failed_twice' };
  expect(await settleStatus(poll, failed, held)).toMatchObject({ kind: 'applied', state: 'held' });
  expect(await settleStatus(poll, failed, held)).toEqual({ kind: 'stale' });
  const { rows } = await ground.db.query(
    'SELECT task_id, amount, currency, reason FROM store.refund_claims WHERE attempt_id = $1',
    [poll.attemptId],
  );
  expect(rows).toEqual([
    {
      task_id: poll.taskId,
      amount: '0.006000000',
      currency: 'USD',
      reason: 'the provider says failed, seen twice',
    },
  ]);
  expect(
    await row(
      ground,
      'SELECT detail, attempt_outcome FROM rollcall.held_chunks WHERE chunk_id = $1',
      [chunkId],
    ),
  ).toEqual({ detail: 'failed_twice', attempt_outcome: 'accepted' });
});

describe('what the provider says that it charged', () => {
  const said = async (amount: string, currency: string | null) => {
    const { poll } = await polling();
    const settled = await settleStatus(poll, { ...ready, actual: { amount, currency } }, wait);
    const { provider_actual: booked } = await row(
      ground,
      'SELECT provider_actual FROM store.attempt_money WHERE attempt_id = $1',
      [poll.attemptId],
    );
    const { pausedReason } = (await accountState(ground.db, account.id)) ?? {};
    await resumeAccount(ground.db, account.id);
    return { booked, pausedReason, overcharged: 'overcharged' in settled && settled.overcharged };
  };

  test.each([
    { what: 'our price', amount: '0.006', currency: 'USD', booked: '0.006000000', above: false },
    { what: 'less', amount: '0.001', currency: null, booked: '0.001000000', above: false },
    {
      what: 'a billionth more',
      amount: '0.006000001',
      currency: 'USD',
      booked: '0.006000001',
      above: true,
    },
    { what: 'another currency', amount: '7', currency: 'EUR', booked: null, above: false },
    { what: 'less than nothing', amount: ' -1', currency: 'USD', booked: null, above: false },
    { what: 'no amount', amount: 'a lot', currency: 'USD', booked: null, above: false },
  ])(
    '$what: above the price it pauses the account',
    async ({ amount, currency, booked, above }) => {
      expect(await said(amount, currency)).toEqual({
        booked,
        overcharged: above,
        pausedReason: above ? 'actual_above_price' : null,
      });
    },
  );
});
