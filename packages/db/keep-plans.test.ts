import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import type { ProductRole } from './settings-as.ts';
import { type Ground, layGround } from './testing/ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
  await ground.db.query(
    `CREATE TABLE public.kept (n integer NOT NULL); INSERT INTO public.kept VALUES (1);
     GRANT SELECT ON public.kept TO rollcall_worker, rollcall_api`,
  );
});
afterAll(() => ground.close());

async function withDatabase(
  role: ProductRole,
  work: (db: Database) => Promise<void>,
): Promise<void> {
  const db = openDatabase({
    url: ground.url,
    role,
    maxConnections: 1,
    applicationName: 'keeps',
    onIdleError: () => undefined,
  });
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

async function kept(db: Database): Promise<readonly string[]> {
  const { rows } = await db.query<{ statement: string }>(
    'SELECT statement FROM pg_prepared_statements ORDER BY prepare_time',
  );
  return rows.map(({ statement }) => statement);
}

const select = 'SELECT n FROM public.kept WHERE n = $1';

test('a statement that comes again is kept by its connection, in a transaction and outside, and answers the same', async () => {
  await withDatabase('rollcall_worker', async (db) => {
    for (let times = 0; times < 4; times += 1) {
      expect((await db.query(select, [1])).rows).toEqual([{ n: 1 }]);
      expect((await db.query(select, [2])).rows).toEqual([]);
      await db.transaction('test', async (tx) => {
        expect((await tx.query(select, [1])).rows).toEqual([{ n: 1 }]);
      });
    }
    await db.query('SELECT $1::integer AS once', [1]);
    expect(await kept(db)).toEqual([select]);
  });
});

test('texts that are put together anew each time are not kept without end', async () => {
  await withDatabase('rollcall_worker', async (db) => {
    for (let index = 0; index < 400; index += 1)
      for (let times = 0; times < 3; times += 1)
        await db.query(`SELECT ${index} AS n WHERE $1::boolean`, [true]);
    expect((await kept(db)).length).toBe(300);
  });
});

test('where walls between tenants stand, nothing is kept', async () => {
  await withDatabase('rollcall_api', async (db) => {
    for (let times = 0; times < 9; times += 1) await db.ofTenant(1).query(select, [1]);
    expect(await kept(db)).toEqual([]);
  });
});

test('what a migration changed under a plan that was kept is asked anew', async () => {
  await withDatabase('rollcall_worker', async (db) => {
    const ask = () => db.transaction('test', async (tx) => (await tx.query(select, [1])).rows);
    for (let times = 0; times < 9; times += 1) await ask();
    await ground.db.query('ALTER TABLE public.kept ALTER COLUMN n TYPE numeric');
    expect(await ask()).toEqual([{ n: '1' }]);
  });
});

test('a plan that is made while its table is small goes by an index, as it must when the table has grown', async () => {
  await ground.db.query(
    'CREATE TABLE public.grows (n integer PRIMARY KEY); INSERT INTO public.grows VALUES (1); ANALYZE public.grows; GRANT SELECT ON public.grows TO rollcall_worker',
  );
  await withDatabase('rollcall_worker', async (db) => {
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(
      'EXPLAIN SELECT FROM public.grows WHERE n = 1',
    );
    expect(rows[0]?.['QUERY PLAN']).toContain('grows_pkey');
  });
});
