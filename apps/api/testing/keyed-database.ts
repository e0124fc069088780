import { createApiKey, type Database, openDatabase } from '@rollcall/db';
import { createTestDatabase } from '@rollcall/testing';

/** For an API that a test starts as a process. */
export interface KeyedDatabase {
  readonly databaseUrl: string;
  readonly db: Database;
  /** Of an admin's key of the first tenant. */
  readonly authorization: string;
  close(): Promise<void>;
}

export async function openKeyedDatabase(): Promise<KeyedDatabase> {
  const database = await createTestDatabase();
  const db = openDatabase({
    url: database.url,
    maxConnections: 2,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const { key } = await createApiKey(db, { tenantId: 1, name: 'test', scopes: ['admin'] });
  return {
    databaseUrl: database.url,
    db,
    authorization: `Bearer ${key}`,
    async close() {
      await db.close();
      await database.drop();
    },
  };
}

/** Asks for a job of one number. */
export function postJob(url: string, authorization: string): Promise<Response> {
  return fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      check: 'telegram',
      purpose: 'a test',
      requested_by: 'vitest',
      numbers: ['+447911123456'],
    }),
  });
}
