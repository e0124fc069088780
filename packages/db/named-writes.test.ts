import { glob, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commitNames, commitNamesOf } from '@rollcall/crash-points';
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

// The tables of deaths have a death for each name under a program. So a program that came by a name of another's would commit where nobody
// kills it, and so would one that came by its own in a second place.
test.each([
  ['worker', ['apps/worker']],
  ['api', ['apps/api']],
  ['launcher', ['apps/local', 'apps/api/create-key.ts']],
] as const)(
  'the names that stand under the %s are those that its sources give, themselves or by what they call of this package',
  async (program, folders) => {
    const own = await sourcesIn(...folders);
    if (program === 'api') own.delete('apps/api/create-key.ts');
    expect(own.size).toBeGreaterThan(0);
    const given = namesGivenBy([...own.values()], await piecesOfDb());
    expect(given).toEqual(new Set(commitNamesOf(program)));
  },
);

test.for([
  ['a name of another program', "await db.transaction('job.pause', work);", 'job.pause'],
  ['a function of another program', 'await pauseJob(db, tenantId, jobId);', 'job.pause'],
  ['a function that calls one', 'await planted(db);', 'accounts.resume'],
  ['a sweep', "await sweepAlone(equipment.db, 'prune', work);", 'sweep.prune'],
])('%s is found in a program’s source', async ([, source = '', name]) => {
  const pieces = await piecesOfDb();
  pieces.set('planted', 'async function planted(db: Database) { await resumeAccount(db, id); }');
  expect(namesGivenBy([source], pieces)).toEqual(new Set([name]));
});

test('each name is given in one place', async () => {
  const sources = await sourcesIn('packages/db', 'apps/api', 'apps/worker', 'apps/local');
  const given = [...sources.values()].flatMap((text) => namesIn(text));
  const often = given.filter((name, index) => given.indexOf(name) !== index);
  // Of the three that extend a lease the one before an upload's first byte does more, and is where the tables kill. The others, of readers that take longer
  // than a heartbeat, write a time and nothing else; and so does the one of two that leave numbers out which puts the chunk off.
  expect(often).toEqual(['submit.leave_out', 'lease.extend', 'lease.extend']);
  expect(commitNames.filter((name) => name !== 'test' && !given.includes(name))).toEqual([]);
  // That one is no production code's.
  expect(given).not.toContain('test');
});

/** The names that a text gives to transactions; those of the sweeps are given by `sweepAlone`, which has to be all that makes one up. */
function namesIn(text: string): string[] {
  const made = [...text.matchAll(/\.transaction\(\s*([^,]+),/g)].map(([, name = '']) => name);
  const sweeps = [...text.matchAll(/\bsweepAlone\(\s*[\w.]+,\s*([^,]+),/g)].map(
    ([, name = '']) => `sweep.${quoted(name)}`,
  );
  return [...made.filter((name) => name !== '`sweep.${sweep}`').map(quoted), ...sweeps];
}

function quoted(literal: string): string {
  const name = /^'([\w.]+)'$/.exec(literal)?.[1];
  if (name === undefined) throw new Error(`${literal} is no name that can be read from a source`);
  return name;
}

const comments = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;

/** This package's functions, by name. */
async function piecesOfDb(): Promise<Map<string, string>> {
  const pieces = new Map<string, string>();
  for (const [file, text] of await sourcesIn('packages/db')) {
    for (const piece of piecesOf(text)) {
      const name = nameOf(piece);
      if (file !== 'packages/db/database.ts' && name !== null) pieces.set(name, piece);
    }
  }
  return pieces;
}

/** The names that sources give, and what they call, and what that calls. */
function namesGivenBy(sources: readonly string[], pieces: ReadonlyMap<string, string>) {
  const names = new Set<string>();
  const seen = new Set<string>();
  const left = [...sources];
  for (let text = left.pop(); text !== undefined; text = left.pop()) {
    for (const name of namesIn(text)) names.add(name);
    for (const [called] of text.replace(comments, '').matchAll(/\b\w+\b/g)) {
      const piece = pieces.get(called);
      if (piece === undefined || seen.has(called)) continue;
      seen.add(called);
      left.push(piece);
    }
  }
  return names;
}

/** The functions of a file, by name, that write with something that commits by itself. */
function unnamedWrites(text: string): string[] {
  return piecesOf(text)
    .filter((piece) => writes.test(piece) && pools.test(piece) && !/\.transaction\(/.test(piece))
    .map((piece) => nameOf(piece) ?? 'the top of the file');
}

function piecesOf(text: string): string[] {
  return text.split(/^(?=(?:export )?(?:default )?(?:async )?function\b)/m);
}

function nameOf(piece: string): string | null {
  return /^(?:export )?(?:default )?(?:async )?function\*?\s+(\w+)/.exec(piece)?.[1] ?? null;
}

const writes =
  /\b(?:INSERT INTO|UPDATE store|DELETE FROM|COPY store|ANALYZE|TRUNCATE|FOR (?:NO KEY )?UPDATE)\b|\b(?:on|drizzled)\s*\.(?:insert|update|delete)\(/;
const pools = /\b(?:db|database|tx|on)\b: (?:Database|Queryable)\b|\b(?:db|database)\.query\b/;

/** The programs' sources below these folders, by path; no tests and nothing that only tests use. */
async function sourcesIn(...folders: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const files = glob(
    folders.map((folder) => (folder.endsWith('.ts') ? folder : `${folder}/**/*.ts`)),
    { cwd: root, exclude: (name) => ['node_modules', 'testing'].includes(basename(name)) },
  );
  for await (const file of files) {
    if (/\.test\.ts$|test-ground/.test(file)) continue;
    found.set(file, await readFile(join(root, file), 'utf8'));
  }
  return found;
}
