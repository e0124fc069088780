import type { SubmitResult } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accepted,
  acceptance,
  evidence,
  heldUnknown,
  lost,
  notSent,
  refused,
  retry,
} from '../testing/answers.ts';
import { accountState } from '../testing/account-state.ts';
import { chunkRow, type Ground, layGround, placeOf, row } from '../testing/ground.ts';
import {
  claim,
  finish,
  plan,
  readyChunk,
  receive,
  settle,
  someNumbers,
  submit,
} from '../testing/walk-chunk.ts';
import { cancelJob } from './control-job.ts';
import type { SubmittedChunk } from './submitted-chunk.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

async function claimedChunk(count = 3): Promise<SubmittedChunk & { readonly jobId: string }> {
  const { jobId, chunkId } = await readyChunk(ground, count);
  return { ...(await claim(ground, chunkId)), jobId };
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

describe('each answer, and where its money goes', () => {
  test.each<{
    what: string;
    answer: Parameters<typeof settle>[2];
    result: SubmitResult;
    state: string;
    outcome: string;
    place: string;
  }>([
    {
      what: 'accepted',
      answer: acceptance('places-1'),
      result: accepted,
      state: 'polling',
      outcome: 'accepted',
      place: 'committed',
    },
    {
      what: 'not sent',
      answer: notSent,
      result: retry,
      state: 'ready',
      outcome: 'not_sent',
      place: 'released',
    },
    {
      what: 'refused and free',
      answer: refused,
      result: retry,
      state: 'ready',
      outcome: 'refused_free',
      place: 'released',
    },
    {
      what: 'refused for a reason of ours',
      answer: refused,
      result: { kind: 'rejected', reason: 'wrong data' },
      state: 'rejected',
      outcome: 'refused_free',
      place: 'released',
    },
    {
      what: 'unknown',
      answer: lost,
      result: heldUnknown,
      state: 'held',
      outcome: 'unknown',
      place: 'reserved',
    },
  ])('$what', async ({ answer, result, state, outcome, place }) => {
    const chunk = await claimedChunk();
    expect(await placeOf(ground, chunk.attemptId)).toBe('reserved');
    expect(await settle(ground, chunk, answer, result)).toMatchObject({ kind: 'applied', state });
    expect(await attemptRow(chunk)).toMatchObject({ outcome });
    expect(await placeOf(ground, chunk.attemptId)).toBe(place);
    expect(await chunkRow(ground, chunk.chunkId)).toMatchObject({ state });
  });

  test('what the view rollcall.spend sums up is what each attempt cost', async () => {
    const spend = await row(
      ground,
      `SELECT sum(uploads)::integer AS uploads,
              sum(committed + reserved + released + at_risk + written_off) = (SELECT sum(amount) FROM store.attempts) AS all_of_it
         FROM rollcall.spend`,
    );
    const attempts = await row(ground, 'SELECT count(*) AS uploads FROM store.attempts');
    expect(spend).toEqual({ ...attempts, all_of_it: true });
  });
});

test('a task id that another attempt has leaves the upload unknown, its money reserved, its answer kept', async () => {
  const first = await claimedChunk();
  await settle(ground, first, acceptance('same-task'), accepted);
  const second = await claimedChunk();
  expect(await settle(ground, second, acceptance('same-task'), accepted)).toEqual({
    kind: 'duplicate_task_id',
  });
  expect(await chunkRow(ground, second.chunkId)).toMatchObject({
    state: 'held',
    reason: 'unknown',
    held_detail: 'duplicate_task_id',
  });
  expect(await attemptRow(second)).toMatchObject({
    outcome: 'unknown',
    outcome_reason: 'duplicate_task_id',
    task_id: null,
    verdicts: ['accepted'],
  });
  expect(await placeOf(ground, second.attemptId)).toBe('reserved');
  expect(await attemptRow(first)).toMatchObject({ outcome: 'accepted', task_id: 'same-task' });
});

test('the provider’s own estimate is booked beside our price, and is not our price', async () => {
  const chunk = await claimedChunk();
  const estimated = { amount: '0.5', currency: 'USD' };
  const answer = { ...acceptance('estimated-1'), estimated } as Parameters<typeof settle>[2];
  await settle(ground, chunk, answer, accepted);
  const money =
    'SELECT place, amount, provider_estimated FROM store.attempt_money WHERE attempt_id = $1';
  expect(await row(ground, money, [chunk.attemptId])).toEqual({
    place: 'committed',
    amount: '0.006000000',
    provider_estimated: '0.500000000',
  });
});

describe('a free answer while the job was cancelled', () => {
  test.each<{ what: string; result: SubmitResult }>([
    { what: 'retry', result: retry },
    { what: 'no money', result: { kind: 'blocked', reason: 'provider_balance', due_ms: null } },
    {
      what: 'batch size',
      result: { kind: 'replan', learned: { minNumbers: 5, maxNumbers: null } },
    },
  ])(
    '($what) ends the chunk as cancelled, though the decision knew nothing of it',
    async ({ result }) => {
      const chunk = await claimedChunk();
      expect(await cancelJob(ground.db, 1, chunk.jobId)).toMatchObject({
        closing: { kind: 'open' },
      });
      expect(await settle(ground, chunk, refused, result)).toMatchObject({
        state: 'cancelled',
        closing: { kind: 'closed', state: 'cancelled' },
      });
    },
  );

  test('and whichever of the two commits first, the job closes', async () => {
    for (let round = 0; round < 10; round += 1) {
      const chunk = await claimedChunk();
      await Promise.all([
        cancelJob(ground.db, 1, chunk.jobId),
        settle(ground, chunk, refused, retry),
      ]);
      const state = 'SELECT state FROM store.jobs WHERE id = $1';
      expect(await row(ground, state, [chunk.jobId])).toEqual({ state: 'cancelled' });
    }
  });
});

describe('one refusal speaks for the account', () => {
  async function twoReady() {
    const jobId = await receive(ground, someNumbers(4));
    const [first = '', second = ''] = await plan(ground, jobId, [{ size: 2 }, { size: 2 }]);
    return { first, second };
  }

  test('no money blocks what is ready, and the next acceptance lets it go', async () => {
    const { first, second } = await twoReady();
    const chunk = await claim(ground, first);
    await settle(ground, chunk, refused, {
      kind: 'blocked',
      reason: 'provider_balance',
      due_ms: null,
    });
    for (const id of [first, second]) {
      expect(await chunkRow(ground, id)).toMatchObject({
        state: 'blocked',
        reason: 'provider_balance',
      });
    }
    const probe = await readyChunk(ground);
    await submit(ground, probe.chunkId);
    for (const id of [first, second]) {
      expect(await chunkRow(ground, id)).toMatchObject({ state: 'ready', reason: null });
    }
  });

  test.each<{
    what: string;
    answer: Parameters<typeof settle>[2];
    result: SubmitResult;
    state: string;
  }>([
    {
      what: 'refused for free',
      answer: refused,
      result: { kind: 'blocked', reason: 'auth', due_ms: null },
      state: 'blocked',
    },
    {
      what: 'in an answer that may have cost',
      answer: { kind: 'unknown', reason: 'status_not_listed_as_free', evidence },
      result: { kind: 'held', reason: 'status_not_listed_as_free', keyRefused: true },
      state: 'held',
    },
  ])(
    'a bad key ($what) pauses the account and blocks what is ready',
    async ({ answer, result, state }) => {
      const own = await layGround();
      try {
        const jobId = await receive(own, someNumbers(4));
        const [first = '', second = ''] = await plan(own, jobId, [{ size: 2 }, { size: 2 }]);
        await settle(own, await claim(own, first), answer, result);
        expect(await accountState(own.db, 'acme')).toMatchObject({ pausedReason: 'auth' });
        expect(await chunkRow(own, first)).toMatchObject({ state });
        expect(await chunkRow(own, second)).toMatchObject({ state: 'blocked', reason: 'auth' });
      } finally {
        await own.close();
      }
    },
  );
});

describe('a canary', () => {
  async function withCanary() {
    const jobId = await receive(ground, someNumbers(6));
    const [canary = '', other = ''] = await plan(ground, jobId, [
      { size: 1, isCanary: true },
      { size: 5, state: 'blocked' },
    ]);
    return { jobId, canary, other };
  }

  test('that is rejected leaves the rest blocked, not failed', async () => {
    const { canary, other } = await withCanary();
    await settle(ground, await claim(ground, canary), refused, { kind: 'rejected', reason: 'no' });
    expect(await chunkRow(ground, other)).toMatchObject({
      state: 'blocked',
      reason: 'canary_rejected',
    });
  });

  test('that ends well lets the rest follow', async () => {
    const { canary, other } = await withCanary();
    expect(await finish(ground, canary)).toMatchObject({ kind: 'published', released: 1 });
    expect(await chunkRow(ground, other)).toMatchObject({ state: 'ready', reason: null });
  });
});

test('what the provider wrote is stored whatever characters it holds', async () => {
  const chunk = await claimedChunk();
  const answer = {
    ...refused,
    message: 'no\0\ud800',
    evidence: { ...evidence, bodyExcerpt: '\0' },
  };
  await settle(ground, chunk, answer, { kind: 'rejected', reason: 'no\0\ud800' });
  expect(await chunkRow(ground, chunk.chunkId)).toMatchObject({ reason: 'no\ufffd\ufffd' });
});
