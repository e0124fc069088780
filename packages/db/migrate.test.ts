import { readdir } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase, waitFor } from '@rollcall/testing';
import { MigrationChanged, migrate } from './migrate.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function run(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const names = (await readdir(new URL('../../migrations', import.meta.url))).sort();

test('a migrated database is left as it is', async () => {
  expect(await migrate(database.url)).toEqual({ applied: [], already: names.length });
});

test('of several processes that migrate an empty database at once, one does, and the others wait for it', async () => {
  await run(
    'DROP SCHEMA rollcall CASCADE; DROP SCHEMA store CASCADE; DROP TABLE public.rollcall_migrations',
  );
  const migrated = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)));
  expect(migrated.filter(({ applied }) => applied.length > 0)).toEqual([
    { applied: names, already: 0 },
  ]);
  expect(await run('SELECT name FROM public.rollcall_migrations ORDER BY name')).toEqual(
    names.map((name) => ({ name })),
  );
});

test('a file that was edited after it was applied is refused, by name', async () => {
  await run(
    "UPDATE public.rollcall_migrations SET sha256 = 'edited' WHERE name = '0002_money.sql'",
  );
  await expect(migrate(database.url)).rejects.toThrow(MigrationChanged);
  await expect(migrate(database.url)).rejects.toThrow('0002_money.sql');
});

test('a file that fails is rolled back whole, and named with its cause', async () => {
  await run(
    'DROP SCHEMA rollcall CASCADE; DROP SCHEMA store CASCADE; DROP TABLE public.rollcall_migrations',
  );
  // 0001 makes the schema store and then cannot make this one.
  await run('CREATE SCHEMA rollcall');
  const failing = migrate(database.url);
  await expect(failing).rejects.toThrow('migration 0001_jobs.sql failed and was rolled back');
  await expect(failing).rejects.toMatchObject({
    cause: { message: expect.stringContaining('already exists') as string },
  });
  expect(await run("SELECT to_regnamespace('store') AS store")).toEqual([{ store: null }]);
  await run('DROP SCHEMA rollcall');
  expect((await migrate(database.url)).applied).toEqual(names);
});

test('notes on accounts from before numbers were masked in them are masked once for all', async () => {
  const name = names.find((each) => each.startsWith('0034_'));
  await run(`DELETE FROM public.rollcall_migrations WHERE name = '${name}'`);
  await run('ALTER TABLE store.erasures DROP COLUMN sent_in');
  await run('ALTER TABLE store.suppressed_numbers DROP COLUMN since');
  await run(`INSERT INTO store.account_states (account, provider_origin, adapter, currency, paused_reason, paused_at, pause_note, resumed_note, semantics_confirmed, semantics_note, breaker_reset_note)
             VALUES ('alpha', 'https://a.example', 'x', 'USD', 'operator', now(), 'ana: +44 7911 123456 asked', 'of 447911123456', true, 'saw 00447911123456', 'no number'),
                    ('beta', 'https://b.example', 'x', 'USD', NULL, NULL, NULL, 'since 2024-08-01', false, NULL, NULL)`);
  expect((await migrate(database.url)).applied).toEqual([name]);
  expect(
    await run(
      'SELECT pause_note, resumed_note, semantics_note, breaker_reset_note FROM store.account_states ORDER BY account',
    ),
  ).toEqual([
    {
      pause_note: 'ana: [number] asked',
      resumed_note: 'of [number]',
      semantics_note: 'saw [number]',
      breaker_reset_note: 'no number',
    },
    {
      pause_note: null,
      resumed_note: 'since 2024-08-01',
      semantics_note: null,
      breaker_reset_note: null,
    },
  ]);
});

test('a file whose table is being read lets the statements of others through while it waits, and is applied once the reader has ended', async () => {
  const name = names.find((each) => each.startsWith('0018_'));
  await run(`DELETE FROM public.rollcall_migrations WHERE name = '${name}'`);
  const reader = new Client({ connectionString: database.url });
  await reader.connect();
  try {
    await reader.query('BEGIN; SELECT count(*) FROM store.chunks');
    await expect(
      migrate(database.url, { lockTimeout_ms: 20, pause_ms: 1, triesMax: 2 }),
    ).rejects.toThrow(`${name}: a table that it alters is in use (try 2 of 2)`);
    const waits: string[] = [];
    const migrating = migrate(database.url, {
      lockTimeout_ms: 100,
      pause_ms: 100,
      triesMax: 10_000,
      onWait: (line) => waits.push(line),
    });
    await waitFor(() => waits.length >= 2, { describe: 'a second try' });
    expect(waits[1]).toBe(
      `${name}: a table that it alters is in use (try 2 of 10000); tried again in 100 ms`,
    );
    expect(await run('SELECT count(*)::int AS chunks FROM store.chunks')).toEqual([{ chunks: 0 }]);
    expect(await run('SELECT name FROM public.rollcall_migrations')).toHaveLength(names.length - 1);
    await reader.query('COMMIT');
    expect(await migrating).toEqual({ applied: [name], already: names.length - 1 });
  } finally {
    await reader.end();
  }
});
