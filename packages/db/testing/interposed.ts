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
  const query = async (sql: string, values?: unknown[]) => {
    const done = await tx.query(sql, values);
    if (sql.includes(marker)) await act();
    return done;
  };
  return new Proxy(tx, {
    get: (target, key) => (key === 'query' ? query : Reflect.get(target, key)),
  });
}
