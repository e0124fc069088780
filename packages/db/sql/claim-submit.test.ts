import {
  type Account,
  type CheckOffer,
  decideSubmit,
  type Money,
  type SubmitDecision,
} from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, notSent, retry } from '../testing/answers.ts';
import { account, chunkRow, type Ground, layGround, newId, row } from '../testing/ground.ts';
import {
  claim,
  plan,
  readyChunk,
  receive,
  settle,
  someNumbers,
  submit,
} from '../testing/walk-chunk.ts';
import { resetBreaker } from './breaker.ts';
import { claimSubmit, loadSubmit } from './claim-submit.ts';
import { extendLease } from './extend-lease.ts';
import { nextReady } from './next-ready.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround(12);
});
afterAll(() => ground.close());

const price = 2_000_000n as Money;
const offer = account.checks['telegram'] as CheckOffer;

/** Loads, decides and claims in one transaction, as the submit stage does. */
async function tryToClaim(
  own: Ground,
  chunkId: string,
  configured: Account,
): Promise<SubmitDecision | null> {
  return own.db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, chunkId);
    if (loaded === null) return null;
    const decision = decideSubmit({ ...loaded.facts, configured, offer });
    if (decision.kind === 'claim') {
      await claimSubmit(tx, loaded, {
        id: newId.attempt(),
        providerOrigin: 'https://acme.example',
        pricePerNumber: price,
        amount: decision.amount,
        currency: 'USD',
        lease_ms: 60_000,
      });
    }
    return decision;
  });
}

async function manyReady(own: Ground, count: number, maxCost: Money | null = null) {
  const jobId = await receive(own, someNumbers(count), { maxCost });
  return plan(
    own,
    jobId,
    Array.from({ length: count }, () => ({ size: 1 })),
  );
}

const claimsAtOnce = async (own: Ground, chunks: readonly string[], configured: Account) =>
  (await Promise.all(chunks.map((chunk) => tryToClaim(own, chunk, configured)))).map((decision) =>
    decision?.kind === 'block' ? decision.reason : decision?.kind,
  );

describe('however many workers claim at once', () => {
  const wide: Account = { ...account, pace: { requestsPerSecond: 1_000, uploadsInFlight: 1_000 } };

  test.each<{
    what: string;
    configured: Account;
    maxCost: Money | null;
    claimed: number;
    else: string;
  }>([
    {
      what: 'an account has no more uploads in flight than its slots',
      configured: account,
      maxCost: null,
      claimed: 2,
      else: 'wait',
    },
    {
      what: 'a job spends no more than its ceiling',
      configured: wide,
      maxCost: 7_000_000n as Money,
      claimed: 3,
      else: 'job_ceiling',
    },
    {
      what: 'an account spends no more than its monthly cap, though the day’s has room',
      configured: {
        ...wide,
        dailyCap: 20_000_000n as Money,
        monthlyCap: 11_999_999n as Money,
      },
      maxCost: null,
      claimed: 5,
      else: 'account_cap',
    },
    {
      what: 'an account spends no more than its daily cap',
      configured: { ...wide, dailyCap: 9_999_999n as Money },
      maxCost: null,
      claimed: 4,
      else: 'account_cap',
    },
  ])('$what', async ({ configured, maxCost, claimed, else: otherwise }) => {
    const own = await layGround(12);
    try {
      const chunks = await manyReady(own, 12, maxCost);
      const results = await claimsAtOnce(own, chunks, configured);
      expect(results.filter((kind) => kind === 'claim')).toHaveLength(claimed);
      expect(results.filter((kind) => kind === otherwise)).toHaveLength(12 - claimed);
    } finally {
      await own.close();
    }
  });
});

describe('what loadSubmit counts', () => {
  const facts = async (own: Ground, chunkId: string) =>
    own.db.transaction('test', async (tx) => (await loadSubmit(tx, chunkId))?.facts);

  test('released money is not spent; reserved, committed and doubtful money is', async () => {
    const own = await layGround();
    try {
      const [free = '', sent = '', doubtful = '', flying = '', next = ''] = await manyReady(own, 5);
      await settle(own, await claim(own, free), notSent, retry);
      await submit(own, sent);
      await settle(own, await claim(own, doubtful), lost, heldUnknown);
      await claim(own, flying);
      expect(await facts(own, next)).toMatchObject({
        job: { spent: 6_000_000n },
        account: {
          spentToday: 6_000_000n,
          spentThisMonth: 6_000_000n,
          currencies: ['USD'],
          uploadsInFlight: 1,
          breaker: { state: 'limited' },
        },
      });
      // What was spent yesterday is still the job's, and no longer the day's.
      await own.db.query(
        "ALTER TABLE store.ledger DISABLE TRIGGER USER; UPDATE store.ledger SET at = now() - interval '25 hours'; DELETE FROM store.account_days; INSERT INTO store.account_days SELECT * FROM store.count_account_days()",
      );
      expect(await facts(own, next)).toMatchObject({
        job: { spent: 6_000_000n },
        account: { spentToday: 0n },
      });
      await own.db.query(
        "UPDATE store.ledger SET at = now() - interval '32 days'; DELETE FROM store.account_days; INSERT INTO store.account_days SELECT * FROM store.count_account_days()",
      );
      expect(await facts(own, next)).toMatchObject({
        job: { spent: 6_000_000n },
        account: { spentToday: 0n, spentThisMonth: 0n, currencies: [] },
      });
    } finally {
      await own.close();
    }
  });

  test('three unknown outcomes open the account’s breaker for ten minutes, or until an operator resets it', async () => {
    const own = await layGround();
    try {
      const chunks = await manyReady(own, 5);
      for (const chunk of chunks.slice(0, 3)) {
        await settle(own, await claim(own, chunk), lost, heldUnknown);
      }
      const [, , , next = ''] = chunks;
      const breaker = async (chunk: string) => (await facts(own, chunk))?.account.breaker;
      const opened = await breaker(next);
      expect(opened).toMatchObject({ state: 'open', why: 'unknown_uploads', openings: 1 });
      const until_ms = opened?.state === 'open' ? opened.until_ms : 0;
      expect(until_ms - Date.now()).toBeGreaterThan(590_000);
      expect(until_ms - Date.now()).toBeLessThanOrEqual(600_001);
      // Once open, it waits for its time and its canary, however few are counted by then.
      await own.db.query("UPDATE store.attempts SET settled_at = now() - interval '11 minutes'");
      expect(await breaker(next)).toEqual(opened);
      await resetBreaker(own.db, account.id);
      expect(await breaker(next)).toEqual({ state: 'closed' });
      await settle(own, await claim(own, next), lost, heldUnknown);
      expect(await breaker(chunks[4] ?? '')).toMatchObject({ state: 'limited' });
    } finally {
      await own.close();
    }
  });

  test('an outcome that became known counts no longer', async () => {
    const own = await layGround();
    try {
      const [first = '', next = ''] = await manyReady(own, 2);
      const chunk = await claim(own, first);
      await settle(own, chunk, lost, heldUnknown);
      await settle(own, chunk, acceptance('known-late'), accepted);
      expect((await facts(own, next))?.account.breaker).toEqual({ state: 'closed' });
    } finally {
      await own.close();
    }
  });

  test('a chunk that another worker has loaded, or that is not ready or blocked, is not loaded', async () => {
    const { chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', async (tx) => {
      expect(await loadSubmit(tx, chunkId)).not.toBeNull();
      const other = ground.db.transaction('test', (otherTx) => loadSubmit(otherTx, chunkId));
      await claimSubmit(tx, (await loadSubmit(tx, chunkId)) ?? never(), {
        id: newId.attempt(),
        providerOrigin: 'https://acme.example',
        pricePerNumber: price,
        amount: price,
        currency: 'USD',
        lease_ms: 60_000,
      });
      await tx.query('COMMIT');
      await tx.query('BEGIN');
      expect(await other).toBeNull();
    });
  });
});

function never(): never {
  throw new Error('the chunk is there');
}

test('the next chunks to take are ready, due, of a running job, the most urgent first, and are taken once', async () => {
  const own = await layGround();
  try {
    const [slow = ''] = await manyReady(own, 1);
    const urgentJob = await receive(own, someNumbers(2), { priority: 9 });
    const [urgent = '', later = ''] = await plan(own, urgentJob, [{ size: 1 }, { size: 1 }]);
    await own.db.query("UPDATE store.chunks SET due_at = now() + interval '1 hour' WHERE id = $1", [
      later,
    ]);
    expect(await nextReady(own.db, account.id, 1)).toEqual([{ chunkId: urgent, ring: 1 }]);
    expect(
      (await nextReady(own.db, account.id, 5)).map(({ chunkId }) => chunkId as string).toSorted(),
    ).toEqual([slow, urgent].toSorted());
  } finally {
    await own.close();
  }
});

test('a lease is extended by its holder, while it holds it', async () => {
  const { chunkId } = await readyChunk(ground);
  const chunk = await claim(ground, chunkId, { lease_ms: 1_000 });
  const before = (await chunkRow(ground, chunkId))['due_at'] as Date;
  expect(await extendLease(ground.db, chunkId, chunk.fence, 60_000)).toBe(true);
  expect(((await chunkRow(ground, chunkId))['due_at'] as Date).getTime()).toBeGreaterThan(
    before.getTime(),
  );
  await settle(ground, chunk, acceptance(`lease-${chunkId}`), accepted);
  expect(await extendLease(ground.db, chunkId, chunk.fence, 60_000)).toBe(false);
  expect(await row(ground, 'SELECT state FROM store.chunks WHERE id = $1', [chunkId])).toEqual({
    state: 'polling',
  });
});

test('what only names an account does not wait for whoever claims an upload of it', async () => {
  const [held = '', other = ''] = await manyReady(ground, 2);
  await ground.db.transaction('test', async (tx) => {
    expect(await loadSubmit(tx, held)).not.toBeNull();
    // A row that its own transaction wrote before is held to what it references, each time that it is written.
    await ground.db.transaction('test', async (theirs) => {
      await theirs.query("SET LOCAL lock_timeout TO '2s'");
      for (let times = 0; times < 2; times += 1)
        await theirs.query('UPDATE store.chunks SET attribute_names = $2 WHERE id = $1', [
          other,
          ['x'],
        ]);
    });
  });
});
