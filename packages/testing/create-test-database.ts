import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { waitFor } from './wait-for.ts';
import './provided-context.ts';

export type TestDatabase = {
  /** `postgres://…/test_<random>`: all migrations applied, no rows, nobody else's. */
  url: string;
  /** Throws when connections are still open: somebody did not close what they opened. May be called again. */
  drop(): Promise<void>;
};

/** A closed client's backend needs a moment to leave pg_stat_activity. */
const CLOSING_LIMIT_MS = 3_000;

/** Databases of this test file that were not dropped yet, for the check at the file's end. */
export const undroppedDatabases = new Set<string>();

/**
 * A fresh migrated database, copied from the run's template in a few tens of milliseconds. One per test file:
 *
 *     const database = await createTestDatabase();
 *     afterAll(database.drop);
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl, template } = inject('testServers');
  if ('failed' in template) throw new Error(template.failed);
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(postgresUrl, (client) =>
    client.query(`create database ${name} template ${template.database}`),
  );
  undroppedDatabases.add(name);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  let dropping: Promise<void> | undefined;
  return { url: url.href, drop: () => (dropping ??= drop(postgresUrl, name)) };
}

async function drop(postgresUrl: string, name: string): Promise<void> {
  undroppedDatabases.delete(name);
  const left = await onServer(postgresUrl, async (client) => {
    const open = await connectionsOnceSettled(client, name);
    await client.query(`drop database ${name} with (force)`);
    return open;
  });
  if (left.length > 0) {
    throw new Error(
      `${left.length} connections were left open to the test database: ${left.join('; ')}`,
    );
  }
}

/** What is still connected when the limit is over. No statement is quoted, only its first word. */
async function connectionsOnceSettled(client: Client, database: string): Promise<string[]> {
  let open: string[] = [];
  const none = async (): Promise<boolean> => {
    const { rows } = await client.query<{ connection: string }>(
      `select format('%s, %s, last statement %s', nullif(application_name, ''), state,
                     split_part(ltrim(query), ' ', 1)) as connection
         from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [database],
    );
    open = rows.map((row) => row.connection);
    return open.length === 0;
  };
  const options = { timeoutMs: CLOSING_LIMIT_MS, describe: 'connections to close' };
  await waitFor(none, options).catch((error: unknown) => {
    if (open.length === 0) throw error;
  });
  return open;
}

async function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'rollcall test database' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
