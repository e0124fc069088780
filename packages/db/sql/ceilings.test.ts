import {
  type Account,
  type CheckOffer,
  decideSubmit,
  type Money,
  type SubmitResult,
} from '@rollcall/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptance, accepted, heldUnknown, lost, notSent, retry } from '../testing/answers.ts';
import { account, type Ground, layGround, newId, row } from '../testing/ground.ts';
import { plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { syncAccounts } from './accounts.ts';
import { startCanary } from './breaker.ts';
import { blockChunk, claimSubmit, loadSubmit, unblockChunk } from './claim-submit.ts';
import type { SubmittedChunk } from './settle-submit.ts';

/** P8: spending has a ceiling. However many connections claim at once, and however their uploads end, no sum passes its own. */
let ground: Ground;
const connections = 6;
beforeAll(async () => {
  ground = await layGround(connections);
});
afterAll(() => ground.close());

const price = 2_000_000n as Money;
const offer: CheckOffer = { ...(account.checks['telegram'] as CheckOffer), pricePerNumber: price };
let serial = 0;

/** Looks at a chunk as the submit stage does: everything under the account's lock, in one transaction. */
async function look(chunkId: string, configured: Account): Promise<SubmittedChunk | null> {
  return ground.db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, chunkId);
    if (loaded === null) return null;
    const decision = decideSubmit({ ...loaded.facts, configured, offer });
    if (decision.kind === 'block') {
      await blockChunk(tx, chunkId, loaded.fence, decision.reason, decision.due_ms);
    }
    if (decision.kind !== 'claim') return null;
    if (loaded.facts.chunk.state === 'blocked') await unblockChunk(tx, chunkId, loaded.fence);
    const claimed = await claimSubmit(tx, loaded, {
      id: newId.attempt(),
      providerOrigin: 'https://acme.example',
      pricePerNumber: price,
      amount: decision.amount,
      currency: configured.currency,
      lease_ms: 60_000,
    });
    if (decision.breakerCanary) await startCanary(tx, loaded.account, claimed.attemptId);
    const { account: of, checkName, jobNo, tenantId } = loaded;
    const { attemptId, fence } = claimed;
    return { chunkId, attemptId, fence, tenantId, jobNo, account: of, checkName };
  });
}

const unreadable: SubmitResult = { ...heldUnknown, reason: 'unreadable_answer' } as SubmitResult;
const endings = {
  accepted: async (chunk: SubmittedChunk) =>
    settle(ground, chunk, acceptance(`task-${chunk.attemptId}`), accepted),
  not_sent: async (chunk: SubmittedChunk) => settle(ground, chunk, notSent, retry),
  unknown: async (chunk: SubmittedChunk) => settle(ground, chunk, lost, heldUnknown),
  unreadable: async (chunk: SubmittedChunk) =>
    settle(ground, chunk, { ...lost, reason: 'unreadable_answer' } as typeof lost, unreadable),
  on_the_wire: async () => undefined,
} as const;
type Ending = keyof typeof endings;

interface Run {
  readonly sizes: readonly number[];
  readonly endings: readonly Ending[];
  readonly dailyCap: number | null;
  readonly monthlyCap: number | null;
  readonly maxCost: number | null;
  readonly slots: number;
}

/** A fresh account; its job's chunks are looked at by all connections, over and over, while uploads end as the run says. */
async function play(run: Run) {
  serial += 1;
  const cap = (numbers: number | null) =>
    numbers === null ? null : ((price * BigInt(numbers)) as Money);
  const configured: Account = {
    ...account,
    id: `capped-${serial}`,
    pace: { requestsPerSecond: 1_000, uploadsInFlight: run.slots },
    dailyCap: cap(run.dailyCap),
    monthlyCap: cap(run.monthlyCap),
  };
  const known = await ground.db.query<{ account: string }>(
    'SELECT account FROM store.account_states',
  );
  await syncAccounts(ground.db, [
    ...known.rows.map(({ account: id }) => ({ ...account, id })),
    configured,
  ]);
  const total = run.sizes.reduce((sum, size) => sum + size, 0);
  const jobId = await receive(ground, someNumbers(total), {
    account: configured.id,
    maxCost: cap(run.maxCost),
  });
  const chunks = await plan(
    ground,
    jobId,
    run.sizes.map((size) => ({ size })),
  );
  let inFlightMost = 0;
  let upload = 0;
  const worker = async (own: number) => {
    for (let turn = 0; turn < chunks.length; turn += 1) {
      const claimed = await look(chunks[(own + turn) % chunks.length] ?? '', configured);
      if (claimed === null) continue;
      const seen = await row(
        ground,
        "SELECT count(*)::int AS flying FROM store.chunks WHERE account = $1 AND state = 'submitting'",
        [configured.id],
      );
      inFlightMost = Math.max(inFlightMost, Number(seen['flying']));
      const ending = run.endings[upload % run.endings.length] ?? 'accepted';
      upload += 1;
      await endings[ending](claimed);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, own) => worker(own)));
  const spent = await row(
    ground,
    `SELECT COALESCE(sum(l.amount) / 0.002, 0)::float8 AS numbers FROM store.ledger l
      WHERE l.account = $1 AND l.entry = 'reserve' AND NOT EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = l.attempt_id AND r.entry = 'release')`,
    [configured.id],
  );
  const doubt = await row(
    ground,
    `SELECT count(*) FILTER (WHERE outcome = 'unknown')::int AS unknown, count(*) FILTER (WHERE outcome_reason = 'unreadable_answer')::int AS unreadable
       FROM store.attempts WHERE account = $1`,
    [configured.id],
  );
  return {
    configured,
    chunks,
    inFlightMost,
    numbersPaid: Number(spent['numbers']),
    unknown: Number(doubt['unknown']),
    unreadable: Number(doubt['unreadable']),
  };
}

describe(`P8: ${connections} connections that claim at once`, () => {
  const ceiling = fc.option(fc.integer({ min: 0, max: 60 }), { nil: null });

  test('pass no ceiling of the job, the day or the month, whatever the sizes and the outcomes', async () => {
    const run = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 12 }),
      endings: fc.array(
        fc.constantFrom<Ending>('accepted', 'accepted', 'not_sent', 'unknown', 'on_the_wire'),
        { minLength: 1, maxLength: 6 },
      ),
      dailyCap: ceiling,
      monthlyCap: ceiling,
      maxCost: ceiling,
      slots: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async (each) => {
        const { numbersPaid, inFlightMost } = await play(each);
        for (const most of [each.dailyCap, each.monthlyCap, each.maxCost]) {
          if (most !== null) expect(numbersPaid).toBeLessThanOrEqual(most);
        }
        expect(inFlightMost).toBeLessThanOrEqual(each.slots);
      }),
      { numRuns: 6 },
    );
  }, 120_000);

  test('put no more in doubt than what was on the wire when the first was, and then one at a time up to three', async () => {
    for (const slots of [1, 4]) {
      const { unknown, chunks, configured } = await play({
        sizes: Array(14).fill(1),
        endings: ['unknown'],
        dailyCap: null,
        monthlyCap: null,
        maxCost: null,
        slots,
      });
      expect(unknown).toBeGreaterThanOrEqual(3);
      expect(unknown).toBeLessThanOrEqual(Math.max(3, slots));
      for (const chunk of chunks) expect(await look(chunk, configured)).toBeNull();
    }
  });

  test('stop at one unreadable 200', async () => {
    const { unreadable: many } = await play({
      sizes: Array(8).fill(1),
      endings: ['unreadable'],
      dailyCap: null,
      monthlyCap: null,
      maxCost: null,
      slots: 1,
    });
    expect(many).toBe(1);
  });

  test('send one canary when the breaker is half-open', async () => {
    const played = await play({
      sizes: Array(12).fill(1),
      endings: ['unknown'],
      dailyCap: null,
      monthlyCap: null,
      maxCost: null,
      slots: 4,
    });
    const { configured, chunks } = played;
    for (let time = 0; time < 5; time += 1) {
      await ground.db.query(
        "UPDATE store.account_states SET breaker_until = now() - interval '1 second', breaker_canary = NULL WHERE account = $1 AND breaker_state = 'open'",
        [configured.id],
      );
      await ground.db.query(
        "UPDATE store.chunks SET due_at = now() - interval '1 second' WHERE account = $1 AND state IN ('ready', 'blocked')",
        [configured.id],
      );
      const claimed = (await Promise.all(chunks.map((chunk) => look(chunk, configured)))).filter(
        (each) => each !== null,
      );
      expect(claimed).toHaveLength(1);
      const [canary] = claimed;
      if (canary) await endings.unknown(canary);
    }
  });
});
