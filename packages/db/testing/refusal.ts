import { constraintOf, type Transaction } from '../database.ts';
import type { Ground } from './ground.ts';

class RolledBack extends Error {}

/** Runs statements in a transaction that is always rolled back; the name of the constraint that refused one, or null. */
export async function refusal(
  { db }: Ground,
  work: (tx: Transaction) => Promise<unknown>,
): Promise<string | null> {
  try {
    await db.transaction('test', async (tx) => {
      await work(tx);
      throw new RolledBack();
    });
  } catch (error) {
    if (error instanceof RolledBack) return null;
    const constraint = constraintOf(error);
    if (constraint === null) throw error;
    return constraint;
  }
  return null;
}

/** Puts a row into a state that its trigger would not have let it reach. */
export async function force(tx: Transaction, table: string, sql: string, values: unknown[]) {
  await tx.query(`ALTER TABLE store.${table} DISABLE TRIGGER USER`);
  await tx.query(sql, values);
  await tx.query(`ALTER TABLE store.${table} ENABLE TRIGGER USER`);
}
