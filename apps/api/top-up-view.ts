import type { Account as AccountView } from '@rollcall/contract';
import { formatMoney, type Money, noMoney, parseMoney, priceOf } from '@rollcall/domain';
import type { AccountFacts } from './account-view.ts';
import { shortAmount } from './job-view.ts';

/**
 * What has to be paid in so that all goes on that waits for the provider's money, by configured price. A balance counts only where it
 * was told after they began to wait: what was there before is gone.
 */
export function topUpOf({ configured, health, unpaid }: AccountFacts): AccountView['top_up'] {
  if (unpaid.length === 0) return null;
  let waits: bigint = noMoney;
  let uploads = 0;
  let tasks = 0;
  let since_ms = Number.POSITIVE_INFINITY;
  for (const row of unpaid) {
    const price = configured.checks[row.checkName]?.pricePerNumber ?? noMoney;
    waits += priceOf(price, row.numbers) + (parseMoney(row.tasksAmount) ?? noMoney);
    uploads += row.chunks + row.tasks;
    tasks += row.tasks;
    since_ms = Math.min(since_ms, row.since.getTime());
  }
  const told = (health?.balanceAt?.getTime() ?? 0) >= since_ms;
  const balance = told ? (parseMoney(health?.balance ?? '0') ?? noMoney) : noMoney;
  const needed = waits > balance ? waits - balance : noMoney;
  return {
    needed: shortAmount(formatMoney(needed as Money)),
    waits: shortAmount(formatMoney(waits as Money)),
    uploads,
    tasks,
    since: new Date(since_ms).toISOString(),
  };
}
