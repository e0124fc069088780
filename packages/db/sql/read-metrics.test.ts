import type { Money } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notSent, retry } from '../testing/answers.ts';
import { type Ground, layGround } from '../testing/ground.ts';
import { heldAsUnknown } from '../testing/held-chunks.ts';
import { claim, finish, plan, receive, settle, someNumbers } from '../testing/walk-chunk.ts';
import { pauseAccount, recordBalance } from './accounts.ts';
import { blockChunk } from './claim-submit.ts';
import { metricReader } from './read-metrics.ts';
import { jobTraceOfChunk, jobTraceparent } from './read-trace.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

test('one read tells work, doubt, money and accounts, and only of what is there', async () => {
  const read = metricReader(ground.db);
  expect(await read()).toEqual({
    jobs: [],
    finishedLastDay: [],
    chunks: [],
    numbers: [],
    held: [],
    duePlans: { due: 0, due_seconds: 0 },
    booked: [],
    accounts: [
      {
        account: 'acme',
        currency: 'USD',
        balance: null,
        balance_age_seconds: null,
        paused_reason: null,
        unknown_uploads: 0,
        breaker: 'closed',
        reserved_today: 0,
        reserved_this_month: 0,
      },
    ],
  });

  await heldAsUnknown(ground);
  const jobId = await receive(ground, someNumbers(4));
  const [done = '', returned = '', blocked = ''] = await plan(ground, jobId, [
    { size: 2 },
    { size: 1 },
    { size: 1 },
  ]);
  await finish(ground, done);
  await settle(ground, await claim(ground, returned), notSent, retry);
  await ground.db.transaction('test', (tx) => blockChunk(tx, blocked, 0, 'account_cap', null));
  await receive(ground, someNumbers(3));
  await ground.db.transaction('test', (tx) => recordBalance(tx, 'acme', 12_500_000_000n as Money));
  await ground.db.transaction('test', (tx) => pauseAccount(tx, 'acme', 'auth'));

  const facts = await read();
  expect(facts.jobs.toSorted((a, b) => (a.state < b.state ? -1 : 1))).toEqual([
    { state: 'planning', jobs: 1 },
    { state: 'running', jobs: 2 },
  ]);
  expect(facts.duePlans.due).toBe(1);
  const chunks = new Map(facts.chunks.map((row) => [`${row.state} ${row.reason}`, row]));
  expect([...chunks.keys()].toSorted()).toEqual([
    'blocked account_cap',
    'held unknown',
    'ready none',
  ]);
  // The one that came back is due again; the one that is blocked waits for nobody.
  expect(chunks.get('ready none')).toMatchObject({
    account: 'acme',
    chunks: 1,
    numbers: 1,
    due: 1,
  });
  expect(chunks.get('ready none')?.due_seconds).toBeGreaterThan(0);
  expect(chunks.get('blocked account_cap')).toMatchObject({ chunks: 1, due: 0, due_seconds: 0 });
  expect(chunks.get('held unknown')).toMatchObject({ chunks: 1, due: 0 });
  expect(facts.numbers.reduce((sum, row) => sum + row.numbers, 0)).toBe(2);
  expect(facts.accounts[0]).toMatchObject({
    balance: 12.5,
    paused_reason: 'auth',
    unknown_uploads: 1,
    breaker: 'limited',
  });
  expect(facts.accounts[0]?.balance_age_seconds).toBeGreaterThanOrEqual(0);
  expect(JSON.stringify(facts)).not.toMatch(/job_|chk_|att_|4850000/);
});

test('the sums of the ledger are the same whether they were remembered or added up anew', async () => {
  const reader = metricReader(ground.db);
  const sorted = async (read: typeof reader) =>
    (await read()).booked.toSorted((a, b) => (a.entry < b.entry ? -1 : 1));
  const before = await sorted(reader);
  expect(before.map(({ entry }) => entry)).toEqual(['commit', 'release', 'reserve']);
  // Time passes: everything so far becomes older than any transaction can be.
  await ground.db.query('ALTER TABLE store.ledger DISABLE TRIGGER append_only');
  await ground.db.query("UPDATE store.ledger SET at = at - interval '1 hour'");
  const remembering = metricReader(ground.db);
  expect(await sorted(remembering)).toEqual(before);
  const { rows } = await ground.db.query<{ held: number }>(
    'SELECT sum(amount)::float8 AS held FROM store.ledger',
  );
  expect(before.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(rows[0]?.held ?? -1, 9);
  // What it remembers it does not read again, and what is new it adds.
  await ground.db.query('UPDATE store.ledger SET amount = amount * 2');
  await heldAsUnknown(ground);
  const after = await sorted(remembering);
  const amountOf = (sums: typeof before, entry: string) =>
    sums.find((sum) => sum.entry === entry)?.amount ?? 0;
  expect(amountOf(after, 'commit')).toBe(amountOf(before, 'commit'));
  expect(amountOf(after, 'reserve')).toBeGreaterThan(amountOf(before, 'reserve'));
  expect(await sorted(remembering)).toEqual(after);
});

test('a job is traced where it was received, or in a place of its own that its id gives', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const traced = await receive(ground, someNumbers(1), { traceparent });
  expect(await jobTraceparent(ground.db, traced)).toBe(traceparent);
  const untraced = await receive(ground, someNumbers(1));
  const [chunkId = ''] = await plan(ground, untraced, [{ size: 1 }]);
  const uuid = untraced.slice(4).replaceAll('-', '');
  expect(await jobTraceOfChunk(ground.db, chunkId)).toEqual({
    jobId: untraced,
    traceparent: `00-${uuid}-${uuid.slice(16)}-01`,
  });
  expect(await jobTraceOfChunk(ground.db, 'chk_none')).toBeNull();
});
