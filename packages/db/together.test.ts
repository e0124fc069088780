import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { type Ground, layGround } from './testing/ground.ts';
import { together } from './together.ts';

let ground: Ground;
let db: Database;
beforeAll(async () => {
  ground = await layGround();
  await ground.db.query(
    'CREATE TABLE public.said (n integer NOT NULL); GRANT SELECT, INSERT ON public.said TO rollcall_worker',
  );
  db = openDatabase({
    url: ground.url,
    role: 'rollcall_worker',
    maxConnections: 1,
    applicationName: 'together',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await db.close();
  await ground.close();
});
beforeEach(async () => {
  await ground.db.query('TRUNCATE public.said');
});

async function said(): Promise<readonly number[]> {
  const { rows } = await ground.db.query<{ n: number }>('SELECT n FROM public.said ORDER BY n');
  return rows.map(({ n }) => n);
}

test('statements run in the order in which they are said, in the transaction, and each gives its answer', async () => {
  const numbers = await db.transaction('test', async (tx) => {
    const count = () => tx.query<{ n: number }>('SELECT count(*)::int AS n FROM public.said');
    const answers = await together(
      count(),
      tx.query('INSERT INTO public.said VALUES (1)'),
      count(),
      tx.query('INSERT INTO public.said VALUES ($1), ($2)', [2, 3]),
      count(),
    );
    expect(answers[3].rowCount).toBe(2);
    expect(await said()).toEqual([]);
    return [answers[0], answers[2], answers[4]].map(({ rows }) => rows[0]?.n);
  });
  expect(numbers).toEqual([0, 1, 3]);
  expect(await said()).toEqual([1, 2, 3]);
});

test('where one fails nothing is stored, nothing is said after the rollback, and the failure is the first one’s', async () => {
  const failing = db.transaction('test', (tx) =>
    together(
      tx.query('INSERT INTO public.said VALUES (1)'),
      // Goes on when the others have failed: it must find the transaction that it belongs to.
      (async () => {
        await tx.query('SELECT pg_sleep(0.05)').catch(() => undefined);
        for (let n = 2; n < 6; n += 1)
          await tx.query('INSERT INTO public.said VALUES ($1)', [n]).catch(() => undefined);
        await tx.query('SELECT 1');
      })(),
      tx.query('SELECT 1 / 0'),
    ),
  );
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  // The one connection: what was still under way would come before this.
  await db.query('SELECT 1');
  expect(await said()).toEqual([]);
});

test('a transaction goes with its first statement, and is a transaction', async () => {
  const begun = await db.transaction('test', async (tx) => {
    const { rows } = await tx.query(
      `SELECT current_setting('transaction_read_only') AS read_only, current_setting('synchronous_commit') AS synchronous,
              pg_current_xact_id() = pg_current_xact_id() AS is_one`,
    );
    const first = await tx.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
    const second = await tx.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
    return { ...rows[0], same: first.rows[0]?.id === second.rows[0]?.id };
  });
  expect(begun).toEqual({ read_only: 'off', synchronous: 'on', is_one: true, same: true });
});

test('a server that takes no writes is not written to, whatever becomes of the BEGIN', async () => {
  const standby = openDatabase({
    url: `${ground.url}${ground.url.includes('?') ? '&' : '?'}options=-c%20default_transaction_read_only%3Don`,
    role: 'rollcall_worker',
    maxConnections: 1,
    applicationName: 'together',
    onIdleError: () => undefined,
  });
  try {
    // Without its transaction a statement has what the session has: this one must be in it.
    await standby.transaction('test', (tx) => tx.query('INSERT INTO public.said VALUES (1)'));
    await expect(standby.query('INSERT INTO public.said VALUES (2)')).rejects.toMatchObject({
      code: '25006',
    });
  } finally {
    await standby.close();
  }
  expect(await said()).toEqual([1]);
});

test('what is said in one breath is written at once, and then held back no longer', async () => {
  const client = await db.pool.connect();
  try {
    const { stream } = (client as unknown as pg.Client).connection;
    const held = () => [stream.writableCorked, stream.writableLength > 0];
    for (let breath = 0; breath < 2; breath += 1) {
      const begun = client.query('BEGIN');
      expect(held()).toEqual([1, true]);
      const asked = client.query('SELECT $1::int AS n', [1]);
      expect(held()).toEqual([1, true]);
      expect((await asked).rows).toEqual([{ n: 1 }]);
      await begun;
      expect(held()).toEqual([0, false]);
      await client.query('ROLLBACK');
    }
  } finally {
    client.release();
  }
});
