import type { Account, Money } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { accountState } from '../testing/account-state.ts';
import { account, chunkRow, type Ground, layGround, row } from '../testing/ground.ts';
import { plan, readyChunk, receive, someNumbers } from '../testing/walk-chunk.ts';
import {
  blockReady,
  confirmSemantics,
  pauseAccount,
  postponeBlocked,
  recordBalance,
  reserveRequest,
  resumeAccount,
  syncAccounts,
  unblockAccount,
} from './accounts.ts';
import { resetBreaker } from './breaker.ts';
import { blockChunk } from './claim-submit.ts';
import { cancelJob } from './control-job.ts';
import { readAccountHealth } from './read-accounts.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const named = (id: string, more: Partial<Account> = {}): Account => ({ ...account, id, ...more });

async function knownAccount(id: string, more: Partial<Account> = {}) {
  const synced = await syncAccounts(ground.db, [account, named(id, more)]);
  expect(synced).toEqual({ ok: true });
}

describe('syncAccounts', () => {
  test('takes a changed base URL and a removal while nothing is open', async () => {
    await knownAccount('moving');
    const baseUrl = 'https://new.example:8443/v2';
    await knownAccount('moving', { baseUrl });
    expect(
      await row(
        ground,
        "SELECT provider_origin FROM store.account_states WHERE account = 'moving'",
      ),
    ).toEqual({ provider_origin: 'https://new.example:8443' });
    expect(await syncAccounts(ground.db, [account])).toEqual({ ok: true });
  });

  test('names every account with open chunks that was removed or moved, and changes nothing', async () => {
    const own = await layGround();
    try {
      const both = [account, named('second')];
      await syncAccounts(own.db, both);
      const { jobId } = await readyChunk(own);
      const other = await receive(own, someNumbers(2), { account: 'second' });
      await plan(own, other, [{ size: 2 }]);
      const moved = named('acme', { baseUrl: 'https://moved.example' });
      expect(await syncAccounts(own.db, [moved, named('third')])).toEqual({
        ok: false,
        problems: [
          expect.stringContaining('acme has open chunks at https://acme.example'),
          expect.stringContaining('second has open chunks and is not in the accounts file'),
        ],
      });
      expect(await accountState(own.db, 'third')).toBeNull();
      // A new path, price or currency is no move.
      const changed = named('acme', { baseUrl: 'https://acme.example/v2', currency: 'EUR' });
      expect(await syncAccounts(own.db, [changed, named('second')])).toEqual({ ok: true });
      for (const id of [jobId, other]) await cancelJob(own.db, 1, id);
      expect(await syncAccounts(own.db, [named('third')])).toEqual({ ok: true });
    } finally {
      await own.close();
    }
  });

  test('refuses another contract, or a check taken out, for as long as jobs wait for it', async () => {
    const own = await layGround();
    try {
      const { jobId } = await readyChunk(own);
      expect(
        await syncAccounts(own.db, [named('acme', { adapter: 'webcom', checks: {} })]),
      ).toEqual({
        ok: false,
        problems: [
          expect.stringContaining(
            'acme has open chunks sent by tasks-v1 and its adapter now is webcom',
          ),
          expect.stringContaining('acme has open jobs for telegram and no longer offers it'),
        ],
      });
      await cancelJob(own.db, 1, jobId);
      // A job that nobody has cut yet has no chunk, and waits for its check all the same.
      const waiting = await receive(own, someNumbers(1));
      expect(await syncAccounts(own.db, [named('acme', { checks: {} })])).toEqual({
        ok: false,
        problems: [expect.stringContaining('put the check back')],
      });
      await plan(own, waiting, [{ size: 1 }]);
      await cancelJob(own.db, 1, waiting);
      const changed = named('acme', { adapter: 'webcom', checks: {} });
      expect(await syncAccounts(own.db, [changed])).toEqual({ ok: true });
      expect(await row(own, 'SELECT adapter FROM store.account_states')).toEqual({
        adapter: 'webcom',
      });
    } finally {
      await own.close();
    }
  });

  test('never takes back that a person confirmed what the files mean', async () => {
    await knownAccount('unconfirmed', { semanticsConfirmed: false });
    expect(await accountState(ground.db, 'unconfirmed')).toMatchObject({
      semanticsConfirmed: false,
    });
    expect(await confirmSemantics(ground.db, 'unconfirmed', 'ana: looked at ten')).toBe(true);
    expect(await confirmSemantics(ground.db, 'unconfirmed', 'bob: again')).toBe(false);
    const health = await readAccountHealth(ground.db);
    expect(health.find((each) => each.account === 'unconfirmed')).toMatchObject({
      semanticsNote: 'ana: looked at ten',
      semanticsConfirmedAt: expect.any(Date),
    });
    await knownAccount('unconfirmed', { semanticsConfirmed: false });
    expect(await accountState(ground.db, 'unconfirmed')).toMatchObject({
      semanticsConfirmed: true,
    });
  });
});

describe('pausing', () => {
  test('keeps its first reason until the account is resumed', async () => {
    await knownAccount('paused');
    expect(await ground.db.transaction('test', (tx) => pauseAccount(tx, 'paused', 'auth'))).toBe(
      true,
    );
    expect(
      await ground.db.transaction('test', (tx) => pauseAccount(tx, 'paused', 'operator')),
    ).toBe(false);
    expect(await accountState(ground.db, 'paused')).toMatchObject({ pausedReason: 'auth' });
    expect(await resumeAccount(ground.db, 'paused', 'ana: a new key is in place')).toBe(true);
    expect(await resumeAccount(ground.db, 'paused', 'bob: again')).toBe(false);
    // No erasure would find a number in it.
    const note = 'key_01929d3e-8c00-7a31-9f5c-0242ac120005 (ana): +44 7911 123456 complained';
    await ground.db.transaction('test', (tx) => pauseAccount(tx, 'paused', 'operator', note));
    const paused = (await readAccountHealth(ground.db)).find((each) => each.account === 'paused');
    expect(paused?.pauseNote).toBe(note.replace('+44 7911 123456', '[number]'));
    await resumeAccount(ground.db, 'paused', 'ana: a new key is in place');
    const health = await readAccountHealth(ground.db);
    expect(health.find((each) => each.account === 'paused')).toMatchObject({
      resumedNote: 'ana: a new key is in place',
      resumedAt: expect.any(Date),
    });
  });

  test('resuming makes ready what waited for that, and nothing else', async () => {
    const jobId = await receive(ground, someNumbers(5));
    const sizes = Array.from({ length: 5 }, () => ({ size: 1 }));
    const [paused = '', auth = '', ceiling = '', breaker = '', unpaid = ''] = await plan(
      ground,
      jobId,
      sizes,
    );
    const later_ms = Date.now() + 3_600_000;
    await ground.db.transaction('test', (tx) =>
      blockChunk(tx, unpaid, 0, 'provider_balance', later_ms),
    );
    await ground.db.transaction('test', (tx) => blockChunk(tx, paused, 0, 'account_paused', null));
    await ground.db.transaction('test', (tx) => blockChunk(tx, auth, 0, 'auth', null));
    await ground.db.transaction('test', (tx) => blockChunk(tx, ceiling, 0, 'job_ceiling', null));
    await ground.db.transaction('test', (tx) => blockChunk(tx, breaker, 0, 'breaker', null));
    const states = async () =>
      Promise.all(
        [paused, auth, ceiling, breaker].map(async (id) => (await chunkRow(ground, id))['state']),
      );
    await resumeAccount(ground.db, account.id);
    expect(await states()).toEqual(['ready', 'ready', 'blocked', 'blocked']);
    // Money may have been paid in: whoever waits for it looks at once.
    const { state, due_at: due } = await chunkRow(ground, unpaid);
    expect(state).toBe('blocked');
    expect(Number(due)).toBeLessThan(later_ms - 1_800_000);
    await resetBreaker(ground.db, account.id);
    expect(await states()).toEqual(['ready', 'ready', 'blocked', 'ready']);
    await cancelJob(ground.db, 1, jobId);
  });
});

test('an account’s ready chunks are blocked, put off and let go together; no other’s are', async () => {
  await knownAccount('together');
  const jobId = await receive(ground, someNumbers(2), { account: 'together' });
  const ids = await plan(ground, jobId, [{ size: 1 }, { size: 1 }]);
  const { chunkId: bystander } = await readyChunk(ground);
  const later_ms = Date.UTC(2050, 0, 1);
  expect(
    await ground.db.transaction('test', (tx) =>
      blockReady(tx, 'together', 'provider_balance', null),
    ),
  ).toBe(2);
  await ground.db.transaction('test', (tx) =>
    postponeBlocked(tx, 'together', 'provider_balance', later_ms),
  );
  for (const id of ids) {
    expect(await chunkRow(ground, id)).toMatchObject({
      state: 'blocked',
      reason: 'provider_balance',
      due_at: new Date(later_ms),
    });
  }
  expect(
    await ground.db.transaction('test', (tx) => unblockAccount(tx, 'together', ['auth'])),
  ).toBe(0);
  expect(
    await ground.db.transaction('test', (tx) =>
      unblockAccount(tx, 'together', ['provider_balance']),
    ),
  ).toBe(2);
  expect(await chunkRow(ground, bystander)).toMatchObject({ state: 'ready', fence: 0 });
  await cancelJob(ground.db, 1, jobId);
});

test('a balance is remembered to the last billionth', async () => {
  await ground.db.transaction('test', (tx) =>
    recordBalance(tx, account.id, 12_345_678_901n as Money),
  );
  expect(await accountState(ground.db, account.id)).toMatchObject({ balance: 12_345_678_901n });
});

describe('reserveRequest', () => {
  test('spaces the requests of an account over all processes', async () => {
    await knownAccount('paced');
    const other = openDatabase({
      url: ground.url,
      maxConnections: 4,
      applicationName: 'another process',
      onIdleError: () => undefined,
    });
    try {
      const requests = 40;
      const started_ms = performance.now();
      const waits = await Promise.all(
        Array.from({ length: requests }, (_, index) =>
          (index % 2 === 0 ? ground.db : other).transaction('test', (tx) =>
            reserveRequest(tx, 'paced', 2),
          ),
        ),
      );
      const took_ms = performance.now() - started_ms;
      // The last of 40 at 2 a second starts 19.5 s after the first; each waits by the clock at its own reservation.
      const last_ms = Math.max(...waits);
      expect(last_ms).toBeLessThanOrEqual(19_501);
      expect(last_ms).toBeGreaterThanOrEqual(19_500 - took_ms);
      const sorted = waits.toSorted((left, right) => left - right);
      sorted.slice(1).forEach((wait_ms, index) => {
        const gap_ms = wait_ms - (sorted[index] ?? 0);
        expect(gap_ms).toBeGreaterThanOrEqual(500 - took_ms - 1);
        expect(gap_ms).toBeLessThanOrEqual(501 + took_ms);
      });
    } finally {
      await other.close();
    }
  });

  test('asks for no wait once the time is over, and saves none up', async () => {
    await knownAccount('idle');
    expect(await ground.db.transaction('test', (tx) => reserveRequest(tx, 'idle', 100))).toBe(0);
    await waitFor(
      async () =>
        (
          await row(
            ground,
            "SELECT next_request_at < clock_timestamp() AS over FROM store.account_states WHERE account = 'idle'",
          )
        )['over'] as boolean,
      { describe: 'the pace to allow the next request' },
    );
    expect(await ground.db.transaction('test', (tx) => reserveRequest(tx, 'idle', 1))).toBe(0);
    expect(
      await ground.db.transaction('test', (tx) => reserveRequest(tx, 'idle', 1)),
    ).toBeGreaterThan(900);
  });
});
