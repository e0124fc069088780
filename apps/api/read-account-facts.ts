import {
  type AccountHealthRow,
  countOpenChunks,
  type Database,
  readAccountHealth,
  readLastTroubles,
  readTenantName,
  readUnpaid,
  sumAccountMoney,
  sumCountedByCaps,
} from '@rollcall/db';
import type { AccountFacts } from './account-view.ts';
import { accountsOf } from './accounts-of.ts';
import type { AccountBook } from './intake/choose-account.ts';

/** Every account of the accounts file that the tenant may use, with how it is, by id: a handful of statements, however many accounts and chunks there are. */
export async function readAccountFacts(
  database: Database,
  file: AccountBook,
  tenantId: number,
): Promise<readonly AccountFacts[]> {
  const book = await accountsOf(database, file, tenantId);
  const capped = [...book.accounts.values()].filter(
    ({ dailyCap, monthlyCap }) => dailyCap !== null || monthlyCap !== null,
  );
  const [name, health, chunks, money, counted, troubles, unpaid] = await Promise.all([
    readTenantName(database, tenantId),
    readAccountHealth(database),
    countOpenChunks(database, tenantId),
    sumAccountMoney(database, tenantId),
    sumCountedByCaps(
      database,
      capped.map(({ id }) => id),
    ),
    readLastTroubles(database, tenantId),
    readUnpaid(database, tenantId),
  ]);
  return [...book.accounts.values()]
    .toSorted((left, right) => (left.id < right.id ? -1 : 1))
    .map((configured) => {
      const isOf = (row: { readonly account: string }) => row.account === configured.id;
      const isOperator = configured.operatedBy === name;
      const state = health.find(isOf) ?? null;
      return {
        configured,
        isOperator,
        health: isOperator ? state : withoutNotes(state),
        chunks: chunks.filter(isOf),
        money: money.find(isOf) ?? null,
        counted: counted.find(isOf) ?? null,
        trouble: troubles.find(isOf) ?? null,
        unpaid: unpaid.filter(isOf),
      };
    });
}

/** Who ruled the account and why are words of the tenant that operates it. */
function withoutNotes(health: AccountHealthRow | null): AccountHealthRow | null {
  const none = { pauseNote: null, resumedNote: null, semanticsNote: null, breakerResetNote: null };
  return health && { ...health, ...none };
}
