import { createTestDatabase, type TestDatabase } from '@rollcall/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { checkDurability } from './check-durability.ts';
import { type Database, openDatabase } from './database.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({
    url: database.url,
    maxConnections: 1,
    applicationName: 'rollcall durability test',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

test('a server that may forget is refused by each setting that is off, unless it says that nobody keeps its data', async () => {
  const { rows } = await db.query<{ name: string; setting: string }>(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') ORDER BY name",
  );
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => name);
  // The run's own servers have both off; one that is given may keep everything, and then nothing is there to be refused.
  if (inject('givenServers').databaseUrl === '') expect(off).toEqual(['fsync', 'full_page_writes']);
  else console.info(`the given server has off: ${off.join(', ') || 'nothing, so none is refused'}`);
  const problemsWhereItSays = (word: string) =>
    db.transaction('test', async (tx) => {
      await tx.query("SELECT set_config('rollcall.trust_storage', $1, true)", [word]);
      return checkDurability(tx);
    });
  for (const word of ['off', 'false', '0', '', 'perhaps']) {
    const problems = await problemsWhereItSays(word);
    expect(problems.map((problem) => / with (\w+) off /.exec(problem)?.[1])).toEqual(off);
    for (const problem of problems) expect(problem).toContain('rollcall.trust_storage');
  }
  for (const word of ['on', 'true', 'YES', '1']) {
    expect(await problemsWhereItSays(word)).toEqual([]);
  }
});

test('what the refusal says to add to the URL is taken', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await db.query(`ALTER DATABASE ${name} SET rollcall.trust_storage TO off`);
  const problemsOver = async (url: string) => {
    const asked = openDatabase({
      url,
      maxConnections: 1,
      applicationName: 'rollcall durability test',
      onIdleError: () => undefined,
    });
    try {
      return await checkDurability(asked);
    } finally {
      await asked.close();
    }
  };
  const [problem] = await problemsOver(database.url);
  // A server that keeps everything is not refused.
  if (problem === undefined) return;
  const said = /\?options=\S+/.exec(problem)?.[0];
  expect(said).toBeDefined();
  expect(await problemsOver(`${database.url}${said}`)).toEqual([]);
});

test('a COMMIT is on disk before it is acknowledged, whatever the server or the URL says', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c synchronous_commit=off');
  const careless = openDatabase({
    url: url.href,
    maxConnections: 1,
    applicationName: 'rollcall durability test',
    onIdleError: () => undefined,
  });
  const ask = 'SHOW synchronous_commit';
  try {
    expect((await careless.query(ask)).rows).toEqual([{ synchronous_commit: 'off' }]);
    const inside = await careless.transaction('test', (tx) => tx.query(ask));
    expect(inside.rows).toEqual([{ synchronous_commit: 'on' }]);
  } finally {
    await careless.close();
  }
});
