import {
  cancelJob,
  changeJob,
  pauseAccount,
  resetBreaker,
  resumeAccount,
  resumeJob,
} from '@rollcall/db';
import { type Account, parseMoney } from '@rollcall/domain';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from '../test-ground.ts';

/** What keeps a chunk from being sent, and what lets it go: ceilings, pauses, the breaker, the canary, cancelling. */
/** A daily cap on one account, a price that is too low on another, a canary that is let go at acceptance on a third. */
function withGates(account: Account): Account {
  switch (account.id) {
    case 'ekycpro-facebook':
      return { ...account, dailyCap: parseMoney('0.25') };
    case 'checknumber': {
      const twitter = account.checks['twitter'];
      const cheap = parseMoney('0.0001');
      if (!twitter || cheap === null) throw new Error('the shipped file has changed');
      return {
        ...account,
        checks: { ...account.checks, twitter: { ...twitter, pricePerNumber: cheap } },
      };
    }
    case 'webcom':
      return { ...account, canary: 'acceptance' };
    default:
      return account;
  }
}

let ground: Ground;

beforeAll(async () => {
  ground = await layGround({ chunkSize: 1_000, change: withGates });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  for (const account of ground.accounts.accounts.keys()) {
    await resetBreaker(ground.db, account);
    await resumeAccount(ground.db, account);
  }
  await ground.nothingPaidTwice();
});

const create = { account: 'ekycpro', operation: 'create' };

describe('a chunk is not sent', () => {
  test('above the job’s ceiling; raising it lets it go', async () => {
    const jobId = await ground.enqueue('telegram', ground.fresh(10), {
      maxCost: parseMoney('0.001'),
    });
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'job_ceiling' });
    await changeJob(ground.db, 1, jobId, { maxCost: parseMoney('1') });
    await ground.untilState(jobId, ['completed']);
  });

  test('above the account’s daily cap, reserved before the call; the next day it goes by itself', async () => {
    const first = await ground.enqueue('facebook', ground.fresh(200));
    const second = await ground.enqueue('facebook', ground.fresh(200));
    await ground.untilState(first, ['completed']);
    const chunk = await ground.untilChunk(second, ['blocked']);
    expect(chunk).toMatchObject({ reason: 'account_cap' });
    const midnight = new Date(chunk['due_at'] as Date);
    expect([
      midnight.getUTCHours(),
      midnight.getUTCMinutes(),
      midnight.getTime() > Date.now(),
    ]).toEqual([0, 0, true]);
    await ground.db.query('ALTER TABLE store.ledger DISABLE TRIGGER append_only');
    await ground.db.query(
      "UPDATE store.ledger SET at = at - interval '1 day' WHERE account = 'ekycpro-facebook'",
    );
    await ground.db.query(
      'DELETE FROM store.account_days; INSERT INTO store.account_days SELECT * FROM store.count_account_days()',
    );
    await ground.db.query('ALTER TABLE store.ledger ENABLE TRIGGER append_only');
    await ground.hurry(second);
    await ground.untilState(second, ['completed']);
  });

  test('after the provider charged more than our price: the account is paused', async () => {
    const jobId = await ground.enqueue('twitter', ground.fresh(10));
    await ground.untilState(jobId, ['completed']);
    expect(ground.logged).toContainEqual(
      expect.objectContaining({ event: 'attempt.overcharged', job: jobId }),
    );
    const { rows } = await ground.db.query(
      "SELECT provider_actual FROM rollcall.spend WHERE account = 'checknumber'",
    );
    expect(rows).toEqual([{ provider_actual: '0.006000000' }]);
    const later = await ground.enqueue('twitter', ground.fresh(10));
    expect(await ground.untilChunk(later, ['blocked'])).toMatchObject({ reason: 'account_paused' });
    await resumeAccount(ground.db, 'checknumber');
    await ground.untilState(later, ['completed']);
  });

  test('while its account is paused by an operator', async () => {
    await ground.db.transaction('test', (tx) => pauseAccount(tx, 'ekycpro', 'operator'));
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'account_paused' });
    await resumeAccount(ground.db, 'ekycpro');
    await ground.untilState(jobId, ['completed']);
  });

  test('after three unknown outcomes in ten minutes; resetting the breaker lets it go', async () => {
    await ground.fault({ match: create, next: 3, action: { kind: 'reset' } });
    for (let index = 0; index < 3; index += 1) {
      await ground.untilChunk(await ground.enqueue('telegram', ground.fresh(10)), ['held']);
    }
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'breaker' });
    await resetBreaker(ground.db, 'ekycpro');
    await ground.untilState(jobId, ['completed']);
  });
});

test('a provider that refuses every size does not make a job loop', async () => {
  const text = { error: 'invalid_batch_size', message: 'invalid batch size' };
  await ground.fault({
    match: { account: 'checknumber', operation: 'create' },
    next: 'all',
    action: { kind: 'answer', status: 400, json: text },
  });
  const jobId = await ground.enqueue('twitter', ground.fresh(40));
  await ground.untilState(jobId, ['completed_with_errors'], 60_000);
  expect((await ground.chunks(jobId)).at(-1)).toMatchObject({ state: 'rejected' });
  expect(await ground.job(jobId)).toMatchObject({ failed: 40, cost: '0' });
});

describe('the first chunk of a job goes alone', () => {
  test('while it is held, the rest waits behind it', async () => {
    await ground.fault({ match: create, action: { kind: 'reset' } });
    const jobId = await ground.enqueue('telegram', ground.fresh(2_500));
    await ground.untilChunk(jobId, ['held']);
    expect((await ground.chunks(jobId)).map((chunk) => [chunk['state'], chunk['reason']])).toEqual([
      ['held', 'unknown'],
      ['blocked', 'canary'],
      ['blocked', 'canary'],
      ['blocked', 'canary'],
    ]);
  });

  test('when it is rejected, the rest is blocked, not failed, and a person lets it go', async () => {
    await ground.fault({ match: create, action: { kind: 'answer', status: 400 } });
    const jobId = await ground.enqueue('telegram', ground.fresh(2_500));
    await ground.untilChunk(jobId, ['rejected']);
    expect((await ground.chunks(jobId)).slice(1).map((chunk) => chunk['reason'])).toEqual([
      'canary_rejected',
      'canary_rejected',
      'canary_rejected',
    ]);
    await resumeJob(ground.db, 1, jobId);
    await ground.untilState(jobId, ['completed_with_errors']);
    expect(await ground.job(jobId)).toMatchObject({ failed: 1, pending: 0 });
  });

  test('where the account says so, the rest follows at acceptance and does not wait for the result', async () => {
    await ground.fault({
      match: { account: 'webcom', operation: 'create' },
      action: { kind: 'statuses', statuses: ['inwork'], hold_last: true },
    });
    const jobId = await ground.enqueue('viber', ground.fresh(2_500));
    await waitFor(
      async () =>
        (await ground.chunks(jobId)).filter((chunk) => chunk['state'] === 'done').length === 3,
      { timeoutMs: 60_000, describe: 'the three chunks behind the first' },
    );
    expect((await ground.chunks(jobId))[0]).toMatchObject({
      state: 'polling',
      last_word: 'inwork',
    });
  });

  test('cancelling a job keeps what is paid and ends the rest as cancelled', async () => {
    await ground.fault({ match: create, action: { kind: 'delay', ms: 700 } });
    const jobId = await ground.enqueue('telegram', ground.fresh(2_500));
    await ground.untilChunk(jobId, ['submitting']);
    expect(await cancelJob(ground.db, 1, jobId)).toMatchObject({
      kind: 'cancelling',
      cancelledChunks: 3,
    });
    await ground.untilState(jobId, ['cancelled']);
    expect(await ground.job(jobId)).toMatchObject({ cancelled: 2_499, pending: 0 });
    expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'done' });
  });

  test('cancelled while it is on the wire, and refused for free: cancelled, not tried again', async () => {
    await ground.fault({ match: create, action: { kind: 'answer', status: 500, delay_ms: 700 } });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    await ground.untilChunk(jobId, ['submitting']);
    await cancelJob(ground.db, 1, jobId);
    await ground.untilState(jobId, ['cancelled']);
    expect(await ground.job(jobId)).toMatchObject({ cancelled: 10, cost: '0' });
  });
});
