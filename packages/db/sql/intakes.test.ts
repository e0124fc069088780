import { randomBytes } from 'node:crypto';
import { type ErasureId, makeId } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transaction } from '../database.ts';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { receivedJob, someNumbers } from '../testing/walk-chunk.ts';
import { jobsWithNumber } from './erase-from-job.ts';
import { claimErasures, type ErasureClaim, finishErasure, seeErasures } from './erase-number.ts';
import { askErasure } from './erasures.ts';
import { closeIntake, dropOldIntakes, openIntake } from './intakes.ts';
import { receiveJob } from './receive-job.ts';

// Whom an erasure waits for before it begins. Other tests write in the same Postgres, and it waits for them too: that it may begin is waited for.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const digests = numberDigests([{ id: 'test', secret: 'a-secret-for-tests-and-nothing-else' }]);
let firstFree = 48_700_000_000;
const fresh = (count: number): Float64Array => someNumbers(count, (firstFree += 1_000));

function askFor(tx: Transaction, number: number): Promise<{ readonly id: ErasureId }> {
  const id = makeId('erasure', Date.now(), randomBytes(10));
  const wish = { id, tenantId: 1, number, askedBy: 'ada', requestedBy: 'ana', reason: 'Art. 17' };
  return askErasure(tx, wish, digests);
}

/** What a sweep does first, twice: the second finds nobody who began in the first. */
async function claimed(): Promise<readonly ErasureClaim[]> {
  await ground.db.transaction('test', async (tx) => {
    await dropOldIntakes(tx);
    await seeErasures(tx);
  });
  return ground.db.transaction('test', (tx) => claimErasures(tx, 600_000, 50));
}

async function untilClaimed(id: string): Promise<ErasureClaim> {
  return waitFor(async () => (await claimed()).find((erasure) => erasure.id === id), {
    timeoutMs: 60_000,
    describe: 'the erasure to begin',
  });
}

/** Of transactions nobody is left who began before: what an erasure waits for still is an upload. */
async function untilOthersEnded(): Promise<void> {
  await waitFor(
    async () => {
      const { rowCount } = await ground.db.query(
        'SELECT FROM store.erasures WHERE due_at IS NOT NULL AND (pg_snapshot_xmin(pg_current_snapshot()) > seen_in) IS NOT TRUE',
      );
      return rowCount === 0;
    },
    { timeoutMs: 60_000, describe: 'other tests’ transactions to end' },
  );
}

test('an erasure waits for an upload that began before it, and finds the job that it becomes', async () => {
  const { db } = ground;
  const numbers = fresh(3);
  const number = numbers[1] ?? 0;
  const intake = await openIntake(db, 1, 600_000);
  const { id } = await db.transaction('test', (tx) => askFor(tx, number));
  expect(await claimed()).toEqual([]);
  await untilOthersEnded();
  expect(await claimed()).toEqual([]);
  // Half stored is as good as not begun.
  const tx = await db.pool.connect();
  await tx.query('BEGIN');
  await tx.query('DELETE FROM store.intakes WHERE intake_no = $1', [intake.intakeNo]);
  expect(await claimed()).toEqual([]);
  await tx.query('ROLLBACK');
  tx.release();
  const received = await receiveJob(db, receivedJob(numbers, { intake }));
  expect(received.kind).toBe('created');
  const erasure = await untilClaimed(id);
  expect(await jobsWithNumber(db, erasure)).toHaveLength(1);
  expect(await db.transaction('test', (end) => finishErasure(end, erasure))).toBe(false);
  await db.query('DELETE FROM store.job_numbers WHERE number = $1', [number]);
  expect(await db.transaction('test', (end) => finishErasure(end, erasure))).toBe(true);
});

test('it does not wait for uploads of other tenants, for those that come once it was seen, nor for one of which nothing is stored', async () => {
  const { db } = ground;
  const tenant = await row(
    ground,
    "INSERT INTO store.tenants (name) VALUES ('other') RETURNING id",
  );
  const [one = 0, other = 0] = fresh(2);
  const refused = await openIntake(db, 1, 600_000);
  const others = await openIntake(db, Number(tenant['id']), 600_000);
  const { id } = await db.transaction('test', (tx) => askFor(tx, one));
  expect(await claimed()).toEqual([]);
  const later = await openIntake(db, 1, 600_000);
  await closeIntake(db, refused);
  await untilClaimed(id);
  // One that is asked for now waits for that one.
  const next = await db.transaction('test', (tx) => askFor(tx, other));
  expect(await claimed()).toEqual([]);
  await untilOthersEnded();
  expect(await claimed()).toEqual([]);
  await closeIntake(db, later);
  await untilClaimed(next.id);
  await closeIntake(db, others);
  expect(await row(ground, 'SELECT count(*) AS open FROM store.intakes')).toEqual({ open: 0 });
});

test('an upload whose time is over keeps no erasure, and is not stored any more', async () => {
  const { db } = ground;
  const numbers = fresh(3);
  const gone = await openIntake(db, 1, -1_000);
  const { id } = await db.transaction('test', (tx) => askFor(tx, numbers[0] ?? 0));
  await untilClaimed(id);
  expect(await receiveJob(db, receivedJob(numbers, { intake: gone }))).toEqual({
    kind: 'too_late',
  });
  expect(
    await row(ground, 'SELECT count(*) AS numbers FROM store.job_numbers WHERE number = $1', [
      numbers[0],
    ]),
  ).toEqual({ numbers: 0 });
});

test('one whose time is over while it is being stored is waited for to the end', async () => {
  const { db } = ground;
  const numbers = fresh(3);
  const intake = await openIntake(db, 1, -1_000);
  const { id } = await db.transaction('test', (tx) => askFor(tx, numbers[0] ?? 0));
  async function* meanwhile(): AsyncGenerator<Float64Array> {
    expect(await claimed()).toEqual([]);
    yield numbers;
  }
  const received = await receiveJob(db, receivedJob(numbers, { intake, numbers: meanwhile() }));
  expect(received.kind).toBe('created');
  expect(await jobsWithNumber(db, await untilClaimed(id))).toHaveLength(1);
});

test('a transaction that began while the erasure was being asked for, and saw nothing of it, is waited for', async () => {
  const { db } = ground;
  const [number = 0] = fresh(1);
  const asking = await db.pool.connect();
  const storing = await db.pool.connect();
  await asking.query('BEGIN');
  const { id } = await askFor(asking, number);
  await storing.query('BEGIN');
  const own = await storing.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  await asking.query('COMMIT');
  asking.release();
  expect(await claimed()).toEqual([]);
  // Of all others that were going on this is the last.
  await waitFor(
    async () =>
      (
        await db.query(
          'SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS xid WHERE xid < $1::xid8',
          [own.rows[0]?.xid],
        )
      ).rowCount === 0,
    { timeoutMs: 60_000, describe: 'older transactions to end' },
  );
  expect(await claimed()).toEqual([]);
  await storing.query('COMMIT');
  storing.release();
  await untilClaimed(id);
});
