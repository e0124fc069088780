import type { Database } from '@rollcall/db';
import { accountsOf } from './accounts-of.ts';
import type { AccountBook } from './intake/choose-account.ts';

/** The accounts that are for other tenants now: nothing more is sent by them. What this one paid for before is decided on as ever. */
export async function withdrawnAccounts(
  database: Database,
  book: AccountBook,
  tenantId: number,
): Promise<ReadonlySet<string>> {
  const own = await accountsOf(database, book, tenantId);
  return new Set([...book.accounts.keys()].filter((account) => !own.accounts.has(account)));
}
