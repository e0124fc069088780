import {
  insertChunks,
  lockJobForPlanning,
  payAgain,
  settleSubmit,
  startRunning,
  syncAccounts,
  wholeJob,
} from '@rollcall/db';
import type { Account, Money, SubmitAnswer, SubmitResult } from '@rollcall/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Claimed, claimUpload, notSent } from './claim-upload.ts';
import { type Equipment, newId } from './equipment.ts';
import { type Ground, layGround } from './test-ground.ts';

/** P8: spending has a ceiling. However many workers claim at once, and however their uploads end, no sum passes its own. */
let ground: Ground;
let template: Account;
beforeAll(async () => {
  ground = await layGround();
  const [first] = ground.accounts.accounts.values();
  if (!first) throw new Error('the simulator has no account');
  template = first;
});
afterAll(() => ground.close());

const workers = 6;
const never = new AbortController().signal;
const check = 'telegram';
const price = 2_000_000n as Money;
const ofNumbers = (numbers: number) => (price * BigInt(numbers)) as Money;
const { evidence } = notSent('test', Date.now());
let serial = 0;

const answers = {
  accepted: (attemptId: string): SubmitAnswer => ({
    kind: 'accepted',
    taskId: `task-${attemptId}`,
    status: null,
    estimated: null,
    evidence,
  }),
  not_sent: (): SubmitAnswer => ({ kind: 'not_sent', reason: 'ECONNREFUSED', evidence }),
  unknown: (): SubmitAnswer => ({ kind: 'unknown', reason: 'connection_lost', evidence }),
  unreadable: (): SubmitAnswer => ({ kind: 'unknown', reason: 'unreadable_answer', evidence }),
};
const held = { kind: 'held', reason: 'connection_lost', keyRefused: false } as const;
const results: Readonly<Record<keyof typeof answers, SubmitResult>> = {
  accepted: { kind: 'accepted', due_ms: 0, deadline_ms: Date.UTC(2100, 0, 1) },
  not_sent: { kind: 'retry', due_ms: 0, reason: 'ECONNREFUSED' },
  unknown: held,
  unreadable: held,
};

async function settle({ loaded, claim }: Claimed, as: keyof typeof answers): Promise<void> {
  const { chunkId, tenantId, jobNo, account, checkName } = loaded;
  const { attemptId, fence } = claim;
  const chunk = { chunkId, attemptId, fence, tenantId, jobNo, account, checkName };
  await ground.db.transaction('test', (tx) =>
    settleSubmit(tx, chunk, answers[as](attemptId), results[as]),
  );
}

/** Somebody pays for it again at once, up to what it costs. */
async function payOnceMore(claimed: Claimed, liftedTo: 'written_off' | 'not_charged') {
  await settle(claimed, 'unknown');
  const { chunkId, tenantId, facts } = claimed.loaded;
  const costCeiling = ofNumbers(facts.chunk.numbers);
  const by = { tenantId, decidedBy: 'ada@example.com', why: 'support has answered' };
  await payAgain(ground.db, chunkId, { id: newId('approval'), costCeiling, liftedTo }, by);
}

const endings = {
  accepted: (claimed: Claimed) => settle(claimed, 'accepted'),
  not_sent: (claimed: Claimed) => settle(claimed, 'not_sent'),
  unknown: (claimed: Claimed) => settle(claimed, 'unknown'),
  unreadable: (claimed: Claimed) => settle(claimed, 'unreadable'),
  written_off: (claimed: Claimed) => payOnceMore(claimed, 'written_off'),
  not_charged: (claimed: Claimed) => payOnceMore(claimed, 'not_charged'),
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

const cap = (numbers: number | null) => (numbers === null ? null : ofNumbers(numbers));

/** A fresh account, and a worker that knows it. */
async function freshAccount(run: Run): Promise<Equipment> {
  serial += 1;
  const offer = template.checks[check];
  if (!offer) throw new Error(`${template.id} does not offer ${check}`);
  const configured: Account = {
    ...template,
    id: `capped-${serial}`,
    checks: { [check]: { ...offer, minNumbers: 1, pricePerNumber: price } },
    pace: { requestsPerSecond: 1_000_000, uploadsInFlight: run.slots },
    dailyCap: cap(run.dailyCap),
    monthlyCap: cap(run.monthlyCap),
  };
  const { rows } = await ground.db.query<{ account: string }>(
    "SELECT account FROM store.account_states WHERE account LIKE 'capped-%'",
  );
  const synced = await syncAccounts(ground.db, [
    ...ground.accounts.accounts.values(),
    ...rows.map(({ account }) => ({ ...configured, id: account })),
    configured,
  ]);
  if (!synced.ok) throw new Error(synced.problems.join('\n'));
  const accounts = new Map([[configured.id, configured]]);
  return { ...ground.equipment, accounts: { ...ground.accounts, accounts } };
}

async function chunksOf(run: Run, account: string): Promise<readonly string[]> {
  const total = run.sizes.reduce((sum, size) => sum + size, 0);
  const maxCost = cap(run.maxCost);
  const jobId = await ground.enqueue(check, ground.fresh(total), { account, maxCost });
  return ground.db.transaction('test', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    if (job === null) throw new Error('the job is being planned elsewhere');
    const made = run.sizes.map((numbers) => ({
      id: newId('chunk'),
      numbers,
      state: 'ready' as const,
      isCanary: false,
    }));
    await insertChunks(tx, job, await wholeJob(tx, job), job.chunks + 1, made);
    await startRunning(tx, job.jobNo);
    return made.map(({ id }) => id);
  });
}

async function claimOne(equipment: Equipment, chunkId: string): Promise<Claimed | null> {
  const looked = await claimUpload(equipment, chunkId, never, false);
  return looked.kind === 'claimed' ? looked : null;
}

/** The job's chunks are looked at by all workers, over and over, while uploads end as the run says. */
async function play(run: Run) {
  const equipment = await freshAccount(run);
  const account = `capped-${serial}`;
  const chunks = await chunksOf(run, account);
  let inFlightMost = 0;
  let upload = 0;
  const worker = async (own: number) => {
    for (let turn = 0; turn < chunks.length; turn += 1) {
      const claimed = await claimOne(equipment, chunks[(own + turn) % chunks.length] ?? '');
      if (claimed === null) continue;
      const { rows } = await ground.db.query<{ flying: number }>(
        "SELECT count(*)::int AS flying FROM store.chunks WHERE account = $1 AND state = 'submitting'",
        [account],
      );
      inFlightMost = Math.max(inFlightMost, rows[0]?.flying ?? 0);
      const ending = run.endings[upload % run.endings.length] ?? 'accepted';
      upload += 1;
      await endings[ending](claimed);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, own) => worker(own)));
  const { rows } = await ground.db.query<{ numbers: number }>(
    `SELECT COALESCE(sum(l.amount) / 0.002, 0)::float8 AS numbers FROM store.ledger l
      WHERE l.account = $1 AND l.entry = 'reserve' AND NOT EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = l.attempt_id AND r.entry = 'release')`,
    [account],
  );
  return { equipment, account, chunks, inFlightMost, upload, numbersPaid: rows[0]?.numbers ?? 0 };
}

const free = { dailyCap: null, monthlyCap: null, maxCost: null };
const ofOne = (count: number) => Array.from({ length: count }, () => 1);

describe(`P8: ${workers} workers that claim at once`, () => {
  const ceiling = fc.option(fc.integer({ min: 0, max: 60 }), { nil: null });

  test('pass no ceiling of the job, the day or the month, whatever the sizes, the outcomes and the decisions', async () => {
    const run = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 12 }),
      endings: fc.array(
        fc.constantFrom<Ending>(
          'accepted',
          'accepted',
          'not_sent',
          'unknown',
          'written_off',
          'not_charged',
          'on_the_wire',
        ),
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
      { numRuns: 10 },
    );
  }, 120_000);

  test.each<Ending>(['unknown', 'written_off', 'not_charged'])(
    'put no more in doubt than what was on the wire when the first was, and then one at a time up to three: %s',
    async (ending) => {
      for (const slots of [1, 4]) {
        const played = await play({ ...free, sizes: ofOne(14), endings: [ending], slots });
        expect(played.upload).toBeGreaterThanOrEqual(3);
        expect(played.upload).toBeLessThanOrEqual(Math.max(3, slots));
        for (const chunk of played.chunks) {
          expect(await claimOne(played.equipment, chunk)).toBeNull();
        }
      }
    },
  );

  test('stop at one unreadable 200', async () => {
    const { upload } = await play({ ...free, sizes: ofOne(8), endings: ['unreadable'], slots: 1 });
    expect(upload).toBe(1);
  });

  test('send one canary when the breaker is half-open', async () => {
    const { equipment, account, chunks } = await play({
      ...free,
      sizes: ofOne(12),
      endings: ['unknown'],
      slots: 4,
    });
    for (let time = 0; time < 5; time += 1) {
      await ground.db.query(
        "UPDATE store.account_states SET breaker_until = now() - interval '1 second', breaker_canary = NULL WHERE account = $1 AND breaker_state = 'open'",
        [account],
      );
      await ground.db.query(
        "UPDATE store.chunks SET due_at = now() - interval '1 second' WHERE account = $1 AND state IN ('ready', 'blocked')",
        [account],
      );
      const looked = await Promise.all(chunks.map((chunk) => claimOne(equipment, chunk)));
      const claimed = looked.filter((each) => each !== null);
      expect(claimed).toHaveLength(1);
      const [canary] = claimed;
      if (canary) await endings.unknown(canary);
    }
  });
});
