import { glob, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commitNames } from '@rollcall/crash-points';
import { writesInNamedTransactionsOnly } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { type Ground, layGround } from './testing/ground.ts';

// Every COMMIT has a name and so its crash points. Types force the name of a transaction; these hold what types cannot: a single
// writing statement on the pool is a COMMIT too. The worker and the API run all their tests in sessions like `strict`.

const root = join(import.meta.dirname, '../..');
let ground: Ground;
let strict: Database;
beforeAll(async () => {
  ground = await layGround();
  strict = openDatabase({
    url: writesInNamedTransactionsOnly(ground.url),
    maxConnections: 2,
    applicationName: 'rollcall db test',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await strict.close();
  await ground.close();
});

const write = 'UPDATE store.account_states SET next_request_at = now()';

test('a COMMIT without a name is refused by Postgres itself, where the worker and the API are tested', async () => {
  await expect(strict.query(write)).rejects.toMatchObject({ code: '25006' });
  await expect(strict.query("SELECT store.ensure_month('2031-05-01')")).rejects.toMatchObject({
    code: '25006',
  });
  expect((await strict.transaction('test', (tx) => tx.query(write))).rowCount).toBe(1);
});

test('no function writes on a pool: it is given a transaction, or begins one by name', async () => {
  const sources = await sourcesIn('packages/db/sql', 'apps/api', 'apps/worker');
  expect(sources.size).toBeGreaterThan(100);
  const writing = [...sources].flatMap(([file, text]) =>
    unnamedWrites(text).map((name) => `${file}: ${name}`),
  );
  expect(writing).toEqual([]);
});

test.for([
  ['a statement', 'await pool.query("UPDATE store.chunks SET due_at = now()");'],
  ['a builder', 'await smallStatement(pool, (on) => on.insert(apiKeys).values({}));'],
  ['a lock', 'await pool.query(`SELECT FROM store.jobs FOR UPDATE`);'],
])('%s on a pool is found', ([, statement = '']) => {
  const planted = (name: string, type: string) =>
    `export async function planted(\n  ${name}: ${type},\n) {\n  ${statement.replace('pool', name)}\n}\n`;
  expect(unnamedWrites(planted('db', 'Queryable'))).toEqual(['planted']);
  expect(unnamedWrites(planted('db', 'Database'))).toEqual(['planted']);
  expect(unnamedWrites(planted('tx', 'Transaction'))).toEqual([]);
});

test('every name is given by a transaction', async () => {
  const sources = await sourcesIn('packages/db', 'apps/api', 'apps/worker', 'apps/local');
  const text = [...sources.values()].join('\n');
  // By sweepAlone, from the sweep's own name.
  expect(text).toContain('db.transaction(`sweep.${sweep}`');
  const given = (name: string) =>
    text.includes(`transaction('${name}'`) ||
    (name.startsWith('sweep.') &&
      text.includes(`sweepAlone(equipment.db, '${name.slice('sweep.'.length)}'`));
  expect(commitNames.filter((name) => name !== 'test' && !given(name))).toEqual([]);
  // That one is no production code's.
  const asTest = [...sources].filter(([, source]) => source.includes("transaction('test'"));
  expect(asTest.map(([file]) => file)).toEqual([]);
});

/** The functions of a file, by name, that write with something that commits by itself. */
function unnamedWrites(text: string): string[] {
  return text
    .split(/^(?=(?:export )?(?:default )?(?:async )?function\b)/m)
    .filter((piece) => writes.test(piece) && pools.test(piece) && !/\.transaction\(/.test(piece))
    .map((piece) => /function\*?\s+(\w+)/.exec(piece)?.[1] ?? 'the top of the file');
}

const writes =
  /\b(?:INSERT INTO|UPDATE store|DELETE FROM|COPY store|ANALYZE|TRUNCATE|FOR (?:NO KEY )?UPDATE)\b|\b(?:on|drizzled)\s*\.(?:insert|update|delete)\(/;
const pools = /\b(?:db|database|tx|on)\b: (?:Database|Queryable)\b|\b(?:db|database)\.query\b/;

/** The programs' sources below these folders, by path; no tests and nothing that only tests use. */
async function sourcesIn(...folders: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const files = glob(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root, exclude: (name) => ['node_modules', 'testing'].includes(basename(name)) },
  );
  for await (const file of files) {
    if (/\.test\.ts$|test-ground/.test(file)) continue;
    found.set(file, await readFile(join(root, file), 'utf8'));
  }
  return found;
}
