import {
  countOpenChunks,
  type Database,
  readAccountHealth,
  readLastTroubles,
  readUnpaid,
  sumAccountMoney,
  sumCountedByCaps,
} from '@rollcall/db';
import type { AccountFacts } from './account-view.ts';
import type { AccountBook } from './intake/choose-account.ts';

/** Every account of the accounts file with how it is, by id: a handful of statements, however many accounts and chunks there are. */
export async function readAccountFacts(
  database: Database,
  book: AccountBook,
  tenantId: number,
): Promise<readonly AccountFacts[]> {
  const capped = [...book.accounts.values()].filter(
    ({ dailyCap, monthlyCap }) => dailyCap !== null || monthlyCap !== null,
  );
  const [health, chunks, money, counted, troubles, unpaid] = await Promise.all([
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
      return {
        configured,
        health: health.find(isOf) ?? null,
        chunks: chunks.filter(isOf),
        money: money.find(isOf) ?? null,
        counted: counted.find(isOf) ?? null,
        trouble: troubles.find(isOf) ?? null,
        unpaid: unpaid.filter(isOf),
      };
    });
}
