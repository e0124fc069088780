import { type Database, openDatabase } from '@rollcall/db';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { storePatiently } from './store-patiently.ts';
import { type Ground, layGround } from './test-ground.ts';

/** An answer that may have cost money is stored through any outage of Postgres; our own bugs are not waited for. */
let ground: Ground;
let operator: Database;
const never = new AbortController().signal;

beforeAll(async () => {
  ground = await layGround();
  operator = openDatabase({
    url: ground.databaseUrl,
    maxConnections: 2,
    applicationName: 'operator',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await operator.close();
  await ground.close();
});
afterEach(() => ground.nothingPaidTwice());

/** Has Postgres itself raise an error with this SQLSTATE. */
async function raise(sqlState: string): Promise<never> {
  await ground.db.query(
    `DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${sqlState}'; END $$`,
  );
  throw new Error('nothing was raised');
}

/** How often `work` was tried when its first try failed like this. */
async function triesAfter(fail: () => Promise<unknown>, signal = never): Promise<number | Error> {
  let tries = 0;
  const stored = storePatiently(ground.equipment.log, signal, async () => {
    tries += 1;
    if (tries === 1) await fail();
    return tries;
  });
  return stored.catch((error: Error) => error);
}

describe('goes on through', () => {
  test.each([
    ['too many connections', '53300'],
    ['a disk that is full', '53100'],
    ['a standby that only reads', '25006'],
    ['a server that is told to stop', '57P01'],
    ['a statement that was cancelled', '57014'],
    ['a transaction that was idle too long', '25P03'],
    ['an error of the disk', '58030'],
    ['a deadlock', '40P01'],
  ])('%s (%s)', async (_, sqlState) => {
    expect(await triesAfter(() => raise(sqlState))).toBe(2);
  });

  test.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a reset connection', Object.assign(new Error('read'), { code: 'ECONNRESET' })],
    ['a connection that ended without a code', new Error('Connection terminated unexpectedly')],
    ['a pool that was full too long', new Error('timeout exceeded when trying to connect')],
  ])('%s', async (_, error) => {
    expect(await triesAfter(() => Promise.reject(error))).toBe(2);
  });
});

describe('throws at once', () => {
  test.each([
    ['a row that breaks a constraint', '23514'],
    ['a value that is no value of its type', '22P02'],
    ['a column that is not there', '42703'],
  ])('%s (%s)', async (_, sqlState) => {
    expect(await triesAfter(() => raise(sqlState))).toMatchObject({ code: sqlState });
  });

  test('a bug of ours', async () => {
    const bug = new TypeError("cannot read properties of undefined (reading 'kind')");
    expect(await triesAfter(() => Promise.reject(bug))).toBe(bug);
  });

  test('whatever it is, once a stop has run out of time', async () => {
    const aborted = AbortSignal.abort();
    expect(await triesAfter(() => raise('53300'), aborted)).toMatchObject({ code: '53300' });
  });
});

test('stops waiting when the time for a stop runs out in the middle', async () => {
  const stop = new AbortController();
  const stored = storePatiently(ground.equipment.log, stop.signal, async () => {
    // After the answer, however long Postgres took for it: in the wait before the next try.
    await raise('53300').finally(() => setImmediate(() => stop.abort()));
  });
  await expect(stored).rejects.toMatchObject({ code: '53300' });
});

test('gives up what Postgres says nothing of any more when the time for a stop runs out', async () => {
  const stop = new AbortController();
  const stored = storePatiently(ground.equipment.log, stop.signal, async () => {
    setImmediate(() => stop.abort());
    return new Promise<never>(() => undefined);
  });
  await expect(stored).rejects.toMatchObject({ code: 'stop_out_of_time' });
});

test('lets a COMMIT that is on the wire when the time for a stop runs out come back', async () => {
  const stored = storePatiently(ground.equipment.log, AbortSignal.abort(), async () => {
    const { rows } = await ground.db.query<{ one: number }>('SELECT 1 AS one');
    return rows[0]?.one;
  });
  expect(await stored).toBe(1);
});

test('an answer that was paid for is stored though Postgres ends every connection while it is being settled', async () => {
  const jobId = await ground.enqueue('telegram', [447_917_000_001]);
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  const cutters = { left: 2 };
  const cutOff: Database = {
    ...ground.db,
    transaction: (name, work) =>
      ground.db.transaction(name, async (tx) => {
        const done = await work(tx);
        const { rows } = await tx.query<{ sent: boolean }>(
          'SELECT EXISTS (SELECT FROM store.evidence) AS sent',
        );
        if (rows[0]?.sent === true && cutters.left > 0) {
          cutters.left -= 1;
          await operator.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'rollcall worker test'`,
          );
        }
        return done;
      }),
  };
  expect(await submitChunk({ ...ground.equipment, db: cutOff }, chunkId, never)).toEqual({
    polling: 1,
  });
  expect(cutters.left).toBe(0);
  expect((await ground.chunks(jobId))[0]).toMatchObject({
    state: 'polling',
    attempt_outcome: 'accepted',
  });
  expect(await ground.charges('ekycpro')).toBe(1);
});
