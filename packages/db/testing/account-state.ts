import type { Money } from '@rollcall/domain';
import { eq } from '../drizzle.ts';
import type { Queryable } from '../database.ts';
import { accountStates } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';
import { storedMoney } from '../sql/storable.ts';

interface AccountState {
  readonly account: string;
  readonly pausedReason: 'operator' | 'auth' | 'actual_above_price' | null;
  readonly semanticsConfirmed: boolean;
  readonly balance: Money | null;
}

/** What Postgres holds of an account; for tests only. */
export async function accountState(db: Queryable, account: string): Promise<AccountState | null> {
  const [row] = await smallStatement(db, (on) =>
    on.select().from(accountStates).where(eq(accountStates.account, account)),
  );
  if (!row) return null;
  return {
    account: row.account,
    pausedReason: row.pausedReason,
    semanticsConfirmed: row.semanticsConfirmed,
    balance: row.balance === null ? null : storedMoney(row.balance),
  };
}
