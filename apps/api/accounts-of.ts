import { isAccountOf } from '@rollcall/domain';
import { type Database, readTenantName } from '@rollcall/db';
import type { AccountBook } from './intake/choose-account.ts';

/** The accounts that a tenant may use. One that it may not is to it as one that is not in the file, as a default too. */
export async function accountsOf(
  database: Database,
  book: AccountBook,
  tenantId: number,
): Promise<AccountBook> {
  if (![...book.accounts.values()].some(({ tenants }) => tenants)) return book;
  const name = await readTenantName(database, tenantId);
  const accounts = new Map([...book.accounts].filter(([, account]) => isAccountOf(account, name)));
  const defaults = new Map([...book.defaults].filter(([, id]) => accounts.has(id)));
  return { accounts, defaults };
}
