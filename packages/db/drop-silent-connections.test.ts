import {
  createTestDatabase,
  type FaultyWire,
  openFaultyWire,
  type TestDatabase,
} from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import type { ProductRole } from './settings-as.ts';

let database: TestDatabase;
let wire: FaultyWire;
let owner: Database;
let db: Database;
/** As docs/deployment.md makes one: Postgres tells it of its own sessions, and nothing of what others do. */
const login = `silent_${Date.now()}`;

function open(url: string, role?: ProductRole): Database {
  return openDatabase({
    url,
    ...(role && { role }),
    maxConnections: 2,
    applicationName: 'rollcall silence test',
    onIdleError: () => undefined,
  });
}

beforeAll(async () => {
  database = await createTestDatabase();
  owner = open(database.url);
  await owner.query(`CREATE ROLE ${login} LOGIN PASSWORD 'x' IN ROLE rollcall_worker`);
  wire = await openFaultyWire(database.url);
  const url = new URL(wire.url);
  url.username = login;
  url.password = 'x';
  db = open(url.href, 'rollcall_worker');
});
afterAll(async () => {
  await db.close();
  await wire.close();
  await owner.query(`DROP ROLE ${login}`);
  await owner.close();
  await database.drop();
});

test('whoever waits on a connection that went dead without a word gets an error and the pool a new one; a long statement on a sound one goes on', async () => {
  const tried = db.transaction('test', async (tx) => {
    await tx.query('SELECT 1');
    wire.connections()[0]?.blackHole();
    await tx.query('SELECT 2');
  });
  const long = db.query<{ slept: boolean }>('SELECT pg_sleep(20) IS NOT NULL AS slept');
  await expect(tried).rejects.toMatchObject({ code: 'ECONNRESET' });
  // The other connection is taken: this one takes the place of the dead one.
  expect((await db.query('SELECT 3 AS three')).rows).toEqual([{ three: 3 }]);
  expect(wire.taken()).toBeGreaterThan(2);
  expect((await long).rows).toEqual([{ slept: true }]);
}, 120_000);
