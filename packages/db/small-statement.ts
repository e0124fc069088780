import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Queryable } from './database.ts';
import { DrizzleQueryError, drizzle } from './drizzle.ts';

/**
 * Runs one statement that drizzle builds from schema.ts, on a pool or in a transaction.
 * @throws Postgres's own error, as every other statement does: drizzle's wrapper hides its SQLSTATE from whoever tries a deadlock again,
 *   and quotes the parameters in its message.
 */
export async function smallStatement<Result>(
  on: Queryable,
  build: (drizzled: NodePgDatabase) => PromiseLike<Result>,
): Promise<Result> {
  try {
    // Of a client drizzle uses `query` alone, outside its own transactions.
    return await build(drizzle({ client: on as pg.PoolClient }));
  } catch (error) {
    throw error instanceof DrizzleQueryError && error.cause ? error.cause : error;
  }
}
