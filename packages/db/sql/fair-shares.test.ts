import { waitFor } from '@rollcall/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { account, type Ground, layGround, newId, row } from '../testing/ground.ts';
import { plan, receive, someNumbers } from '../testing/walk-chunk.ts';
import { syncAccounts } from './accounts.ts';
import { claimSubmit, loadSubmit } from './claim-submit.ts';
import { cancelJob, changeJob, pauseJob, resumeJob } from './control-job.ts';
import { bookTurn, inTurn } from './fair-shares.ts';
import { nextReady } from './next-ready.ts';
import { dueDoorbells } from './sweep-due.ts';

let ground: Ground;
beforeEach(async () => {
  ground = await layGround();
});
afterEach(() => ground.close());

/** A job of so many chunks of so many numbers. */
async function job(
  chunks: number,
  size: number,
  options: { tenantId?: number; priority?: number; of?: string } = {},
): Promise<{ readonly id: string; readonly chunks: readonly string[] }> {
  const { tenantId = 1, priority = 0, of = account.id } = options;
  const id = await receive(ground, someNumbers(chunks * size), { tenantId, priority, account: of });
  const sizes = Array.from({ length: chunks }, () => ({ size }));
  return { id, chunks: await plan(ground, id, sizes) };
}

async function tenant(name: string, weight = 1): Promise<number> {
  const sql = 'INSERT INTO store.tenants (name, weight) VALUES ($1, $2) RETURNING id';
  return Number((await row(ground, sql, [name, weight]))['id']);
}

/** Claims whatever is in turn, as a worker does whom `named` rang, and says whose it was. */
async function claimNext(named: string, checks = ['telegram']): Promise<string | null> {
  const sql = 'SELECT account FROM store.chunks WHERE id = $1';
  const of = String((await row(ground, sql, [named]))['account']);
  return ground.db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, named, () => 'none', {
      account: of,
      choose: () => inTurn(tx, of, named, checks),
    });
    if (loaded === null) return null;
    await claimSubmit(tx, loaded, {
      id: newId.attempt(),
      providerOrigin: 'https://acme.example',
      pricePerNumber: 1n as never,
      amount: 1n as never,
      currency: 'USD',
      lease_ms: 60_000,
    });
    await bookTurn(tx, loaded);
    return loaded.jobId;
  });
}

async function claims(named: string, count: number): Promise<(string | null)[]> {
  const claimed: (string | null)[] = [];
  for (let turn = 0; turn < count; turn += 1) claimed.push(await claimNext(named));
  return claimed;
}

const inLine = async () =>
  (
    await ground.db.query<{ id: string; remaining: number }>(
      'SELECT j.id, l.remaining FROM store.jobs_in_line l JOIN store.jobs j USING (job_no) ORDER BY job_no',
    )
  ).rows;

const isAnybodyWaiting = async () =>
  (
    await ground.db.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
  ).rows.length > 0;

const sweep = () => ground.db.transaction('test', (tx) => dueDoorbells(tx, 0, new Map()));

test('a small job passes a large one of its tenant, whichever of the large one’s chunks rang', async () => {
  const large = await job(6, 100);
  const [rang = ''] = large.chunks;
  expect(await claims(rang, 2)).toEqual([large.id, large.id]);
  const small = await job(2, 3);
  expect(await claims(rang, 3)).toEqual([small.id, small.id, large.id]);
});

test('jobs that are smaller without end do not stop a large one', async () => {
  const large = await job(3, 100);
  const small = await Promise.all(Array.from({ length: 20 }, () => job(1, 2)));
  const order = await claims(large.chunks[0] ?? '', 8);
  expect(order.indexOf(large.id)).toBe(7);
  expect(small.map(({ id }) => id)).toEqual(expect.arrayContaining(order.slice(0, 7)));
});

test('a higher priority goes first in its own tenant, from when it is changed, and says nothing to another’s', async () => {
  const other = await tenant('other');
  const plain = await job(2, 2);
  const urgent = await job(2, 50, { priority: 5 });
  const theirs = await job(4, 50, { tenantId: other });
  const rang = plain.chunks[0] ?? '';
  expect(new Set(await claims(rang, 2))).toEqual(new Set([urgent.id, theirs.id]));
  await changeJob(ground.db, 1, plain.id, { priority: 9 });
  expect(new Set(await claims(rang, 2))).toEqual(new Set([plain.id, theirs.id]));
});

test('tenants of equal weight send equally, however many jobs each has; one of double weight sends double', async () => {
  const [second, heavy] = [await tenant('second'), await tenant('heavy', 2)];
  const mine = await job(20, 10);
  const theirs: string[] = [];
  for (let each = 0; each < 4; each += 1) {
    theirs.push((await job(5, 10, { tenantId: second })).id);
  }
  const heavys = await job(20, 10, { tenantId: heavy });
  const order = await claims(mine.chunks[0] ?? '', 24);
  const sent = (...ids: string[]) => order.filter((id) => id !== null && ids.includes(id)).length;
  expect(sent(mine.id)).toBe(6);
  expect(sent(...theirs)).toBe(6);
  expect(sent(heavys.id)).toBe(12);
});

test('the shares of one account say nothing of another’s', async () => {
  await syncAccounts(ground.db, [account, { ...account, id: 'apex' }]);
  const second = await tenant('second');
  const mine = await job(10, 10);
  await claims(mine.chunks[0] ?? '', 5);
  const here = await job(4, 10, { of: 'apex' });
  const there = await job(4, 10, { of: 'apex', tenantId: second });
  const order = await claims(here.chunks[0] ?? '', 4);
  expect(order.filter((id) => id === here.id)).toHaveLength(2);
  expect(order.filter((id) => id === there.id)).toHaveLength(2);
});

test('of a check that a worker does not know nothing is taken, and what is behind it goes on', async () => {
  const strange = await receive(ground, someNumbers(2), { checkName: 'viber' });
  await plan(ground, strange, [{ size: 2 }]);
  const known = await job(1, 40);
  expect(await claimNext(known.chunks[0] ?? '')).toBe(known.id);
});

test('a chunk that waits for its time lets the others pass, and so does a job that is paused', async () => {
  const waiting = await job(1, 2);
  const paused = await job(1, 3);
  const next = await job(1, 40);
  await ground.db.query(
    "UPDATE store.chunks SET due_at = now() + interval '1 hour' WHERE id = $1",
    [waiting.chunks[0]],
  );
  await pauseJob(ground.db, 1, paused.id);
  expect(await claimNext(next.chunks[0] ?? '')).toBe(next.id);
  await resumeJob(ground.db, 1, paused.id);
  expect(await claimNext(next.chunks[0] ?? '')).toBe(paused.id);
});

test('a job stands in the line while something of it is ready and it runs, with the numbers that no claim took', async () => {
  const first = await job(3, 10);
  const cancelled = await job(1, 50);
  const paused = await job(1, 60);
  expect(await inLine()).toEqual([
    { id: first.id, remaining: 30 },
    { id: cancelled.id, remaining: 50 },
    { id: paused.id, remaining: 60 },
  ]);
  await claimNext(first.chunks[0] ?? '');
  await cancelJob(ground.db, 1, cancelled.id);
  await pauseJob(ground.db, 1, paused.id);
  await sweep();
  expect(await inLine()).toEqual([{ id: first.id, remaining: 20 }]);
  await claims(first.chunks[0] ?? '', 2);
  expect(await inLine()).toEqual([]);
  await resumeJob(ground.db, 1, paused.id);
  expect(await inLine()).toEqual([{ id: paused.id, remaining: 60 }]);
});

test('a chunk that becomes ready while its job is taken out of the line is in it afterwards', async () => {
  const { id, chunks } = await job(2, 10);
  const block = (state: string, reason: string | null) =>
    ground.db.query('UPDATE store.chunks SET state = $2, reason = $3 WHERE id = $1', [
      chunks[1],
      state,
      reason,
    ]);
  await block('blocked', 'job_ceiling');
  let unblocked: Promise<unknown> = Promise.resolve();
  await ground.db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, chunks[0] ?? '');
    if (loaded === null) throw new Error('the chunk is there');
    await tx.query(
      "UPDATE store.chunks SET state = 'blocked', reason = 'job_ceiling' WHERE id = $1",
      [chunks[0]],
    );
    await bookTurn(tx, loaded);
    unblocked = block('ready', null);
    // The other waits for this transaction.
    await waitFor(isAnybodyWaiting, { describe: 'the other to wait' });
  });
  await unblocked;
  expect((await inLine()).map((each) => each.id)).toEqual([id]);
});

test('and while it is entered, nobody takes it out', async () => {
  const { id, chunks } = await job(1, 10);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'blocked', reason = 'job_ceiling' WHERE id = $1",
    [chunks[0]],
  );
  await ground.db.transaction('test', async (tx) => {
    await tx.query("UPDATE store.chunks SET state = 'ready', reason = NULL WHERE id = $1", [
      chunks[0],
    ]);
    await sweep();
  });
  expect((await inLine()).map((each) => each.id)).toEqual([id]);
});

test('a claim does not wait for whoever has its job’s place', async () => {
  const { id, chunks } = await job(2, 10);
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.jobs_in_line FOR UPDATE');
    expect(await claimNext(chunks[0] ?? '')).toBe(id);
  });
});

test('whoever rings, rings for what is ready and may be sent', async () => {
  const { chunks } = await job(5, 10);
  await claimNext(chunks[0] ?? '');
  const rung = await nextReady(ground.db, account.id, 3);
  expect(rung.map(({ chunkId }) => chunkId as string).toSorted()).toEqual(
    chunks.slice(1, 4).toSorted(),
  );
});

test('whoever rings passes over what is being claimed or rung for, and rings for the next', async () => {
  const { chunks } = await job(3, 10);
  const small = await job(1, 5);
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.chunks WHERE id = ANY($1) FOR UPDATE', [
      [small.chunks[0], chunks[0]],
    ]);
    expect((await nextReady(ground.db, account.id, 1)).map(({ chunkId }) => chunkId)).toEqual([
      chunks[1],
    ]);
  });
  expect((await nextReady(ground.db, account.id, 1)).map(({ chunkId }) => chunkId)).toEqual(
    small.chunks,
  );
});
