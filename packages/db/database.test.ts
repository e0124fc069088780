import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { constraintOf, sqlStateOf } from './database.ts';
import { type Ground, layGround, row } from './testing/ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
  await ground.db.query(
    'CREATE TABLE public.pair (id integer PRIMARY KEY, n integer NOT NULL); INSERT INTO public.pair VALUES (1, 0), (2, 0)',
  );
});
afterAll(() => ground.close());
afterEach(() => vi.restoreAllMocks());

test('fault 19: two transactions that deadlock both end well: the one that Postgres ends is tried again', async () => {
  let tries = 0;
  let arrived = 0;
  let meet = () => {};
  const bothHoldOne = new Promise<void>((resolve) => {
    meet = resolve;
  });
  const crosswise = (first: number, second: number) =>
    ground.db.transaction('test', async (tx) => {
      tries += 1;
      await tx.query('UPDATE public.pair SET n = n + 1 WHERE id = $1', [first]);
      arrived += 1;
      if (arrived === 2) meet();
      await bothHoldOne;
      await tx.query('UPDATE public.pair SET n = n + 1 WHERE id = $1', [second]);
    });
  await Promise.all([crosswise(1, 2), crosswise(2, 1)]);
  expect(tries).toBe(3);
  expect(await row(ground, 'SELECT array_agg(n) AS n FROM public.pair')).toEqual({ n: [2, 2] });
});

test('fault 19: what keeps failing for its own sake is given up after six tries', async () => {
  let tries = 0;
  const failing = ground.db.transaction('test', async (tx) => {
    tries += 1;
    await tx.query("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$");
  });
  await expect(failing).rejects.toSatisfy((error) => sqlStateOf(error) === '40001');
  expect(tries).toBe(6);
});

test('fault 19: two that fail together wait for different times before they try again', async () => {
  // oxlint-disable-next-line no-restricted-globals -- the waits are read where they are set
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await Promise.all(
    [1, 2].map(async () => {
      let tries = 0;
      await ground.db.transaction('test', async (tx) => {
        tries += 1;
        if (tries === 1)
          await tx.query("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$");
      });
    }),
  );
  // Postgres' own timers are longer.
  const waits_ms = timers.mock.calls.flatMap(([, wait_ms = 0]) =>
    wait_ms > 0 && wait_ms < 1_000 ? [wait_ms] : [],
  );
  expect(waits_ms).toHaveLength(2);
  expect(waits_ms[0]).not.toBe(waits_ms[1]);
});

test('fault 19: a lock that is not had in time is tried again, and had once its holder is gone', async () => {
  let tries = 0;
  let free = () => {};
  const released = new Promise<void>((resolve) => {
    free = resolve;
  });
  const holding = Promise.withResolvers<void>();
  const holder = ground.db.transaction('test', async (tx) => {
    await tx.query('UPDATE public.pair SET n = 0 WHERE id = 2');
    holding.resolve();
    await released;
  });
  await holding.promise;
  await ground.db.transaction('test', async (tx) => {
    tries += 1;
    // As the pool's own, which is 10 s.
    await tx.query("SET LOCAL lock_timeout = '50ms'");
    if (tries === 3) {
      free();
      await holder;
    }
    await tx.query('UPDATE public.pair SET n = 7 WHERE id = 2');
  });
  expect(tries).toBe(3);
  expect(await row(ground, 'SELECT n FROM public.pair WHERE id = 2')).toEqual({ n: 7 });
});

test('an error that another try would meet again is not tried again, and nothing of its work stays', async () => {
  let tries = 0;
  const failing = ground.db.transaction('test', async (tx) => {
    tries += 1;
    await tx.query('INSERT INTO public.pair VALUES (3, 0)');
    await tx.query('INSERT INTO public.pair VALUES (1, 0)');
  });
  await expect(failing).rejects.toSatisfy(
    (error) => sqlStateOf(error) === '23505' && constraintOf(error) === 'pair_pkey',
  );
  expect(tries).toBe(1);
  expect(await row(ground, 'SELECT count(*) AS rows FROM public.pair')).toEqual({ rows: 2 });
});

test('a transaction whose connection is ended leaves the pool working', async () => {
  const ended = ground.db.transaction('test', async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await ground.db.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await tx.query('SELECT 1');
  });
  await expect(ended).rejects.toThrow(/terminat|connection error/);
  for (let use = 0; use < 12; use += 1) {
    expect(await row(ground, 'SELECT 1 AS one')).toEqual({ one: 1 });
  }
});

test('bigint comes as a number, a date as its text, numeric and time as they are exact', async () => {
  expect(
    await row(
      ground,
      `SELECT 999999999999999::bigint AS number, count(*) AS counted, '2026-02-03'::date AS day,
              0.000000001::numeric(20,9) AS price, '2026-01-01T00:00:00Z'::timestamptz AS at FROM public.pair`,
    ),
  ).toEqual({
    number: 999_999_999_999_999,
    counted: 2,
    day: '2026-02-03',
    price: '0.000000001',
    at: new Date('2026-01-01T00:00:00Z'),
  });
});

test('an error that is not Postgres’s has no state and no constraint', () => {
  expect(sqlStateOf(new Error('x'))).toBeNull();
  expect(constraintOf('x')).toBeNull();
});
