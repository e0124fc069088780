import type { Transaction } from '../database.ts';

/**
 * The same transaction, in which `act` runs each time after a statement that contains `marker`: another process gets its
 * turn between two statements of a verb.
 */
export function interposed(
  tx: Transaction,
  marker: string,
  act: () => Promise<unknown>,
): Transaction {
  // Our own statements are text; drizzle's are objects, and nobody marks those.
  const query = async (sql: unknown, values?: unknown[]) => {
    const done = await tx.query(sql as string, values);
    if (typeof sql === 'string' && sql.includes(marker)) await act();
    return done;
  };
  return new Proxy(tx, {
    get: (target, key) => (key === 'query' ? query : Reflect.get(target, key)),
  });
}
