import {
  createTestDatabase,
  type FaultyWire,
  openFaultyWire,
  type TestDatabase,
} from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';

let database: TestDatabase;
let wire: FaultyWire;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  wire = await openFaultyWire(database.url);
  db = openDatabase({
    url: wire.url,
    maxConnections: 2,
    applicationName: 'rollcall silence test',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await db.close();
  await wire.close();
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
