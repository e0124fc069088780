import { openDatabase } from '@rollcall/db';
import { createTestDatabase } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSums } from './check-sums.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let db: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({
    url: database.url,
    maxConnections: 1,
    applicationName: 'rollcall storm test',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

test('a sum that is not what it sums is a violation', async () => {
  expect(await checkSums(db)).toEqual([]);
  await db.query(
    "INSERT INTO store.tenant_days (tenant_id, day, check_name, outcome, shard, numbers) VALUES (1, '2026-10-11', 'telegram', 'registered', 0, 5)",
  );
  const what = 'tenant_days has 5 for 1 2026-10-11 telegram registered 0, and there are 0';
  expect(await checkSums(db)).toEqual([{ kind: 'sums', chunkId: null, count: 1, what }]);
});
