import type { LearnedLimits } from '@rollcall/domain';
import { sql } from '../drizzle.ts';
import type { Transaction } from '../database.ts';
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
