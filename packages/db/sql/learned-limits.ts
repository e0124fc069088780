import type { LearnedLimits } from '@rollcall/domain';
import { sql } from '../drizzle.ts';
import type { Queryable, Transaction } from '../database.ts';
import { learnedLimits } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';

/** Keeps what a provider taught of its limits; a bound of which it said nothing stays as it was known. */
export async function keepLearned(
  tx: Transaction,
  offer: { readonly account: string; readonly checkName: string },
  learned: LearnedLimits,
): Promise<void> {
  await smallStatement(tx, (on) =>
    on
      .insert(learnedLimits)
      .values({ account: offer.account, checkName: offer.checkName, ...learned })
      .onConflictDoUpdate({
        target: [learnedLimits.account, learnedLimits.checkName],
        set: {
          learnedAt: sql`now()`,
          minNumbers: sql`COALESCE(EXCLUDED.min_numbers, ${learnedLimits.minNumbers})`,
          maxNumbers: sql`COALESCE(EXCLUDED.max_numbers, ${learnedLimits.maxNumbers})`,
        },
      }),
  );
}

/** What the provider taught us lately of its limits, or null; the same that planning goes by. */
export async function readLearnedLimits(
  db: Queryable,
  account: string,
  check: string,
): Promise<LearnedLimits | null> {
  const { rows } = await db.query<{ min_numbers: number | null; max_numbers: number | null }>(
    `SELECT min_numbers, max_numbers FROM store.learned_limits
      WHERE account = $1 AND check_name = $2 AND learned_at > now() - interval '7 days'`,
    [account, check],
  );
  const row = rows[0];
  return row ? { minNumbers: row.min_numbers, maxNumbers: row.max_numbers } : null;
}
