import type { Account } from './accounts.ts';
import { toMicros } from './money.ts';
import type { CollectedNumbers } from './numbers/number-collector.ts';
import { measureNumbers } from './numbers/measure-numbers.ts';
import type { Simulation } from './simulation.ts';
import type { Task } from './tasks.ts';
import type { TaskTypeTraits } from './task-types.ts';

/** An upload that was read whole. */
export interface Upload {
  taskType: string;
  traits: TaskTypeTraits;
  collected: CollectedNumbers;
  userId: string;
  name?: string | undefined;
  shownTaskId?: string | undefined;
}

export type Acceptance =
  | { outcome: 'accepted'; task: Task }
  | { outcome: 'too_few' | 'too_many' | 'no_balance'; counted: number };

/**
 * Accepts an upload and charges for it, or refuses it with nothing written. Webcom refuses no one for lack of money: its
 * task then waits (`paidAtMs` undefined) and is charged by `settleWaiting`.
 */
export async function acceptUpload(
  simulation: Simulation,
  account: Account,
  upload: Upload,
): Promise<Acceptance> {
  const counted = upload.collected.numbers.length;
  if (counted < upload.traits.minimum) return { outcome: 'too_few', counted };
  if (counted > upload.traits.maximum) return { outcome: 'too_many', counted };
  const measured = await measureNumbers(upload.collected.numbers, upload.traits.check);
  // No await from here on: two uploads must not both see the same money.
  const affordable =
    priceMicros(account, counted) <= simulation.accounts.balanceMicros(account.name);
  if (!affordable && account.contract !== 'webcom') return { outcome: 'no_balance', counted };
  const task = simulation.tasks.create({
    account,
    taskType: upload.taskType,
    traits: upload.traits,
    collected: upload.collected,
    measured,
    userId: upload.userId,
    name: upload.name,
    shownId: upload.shownTaskId,
    nowMs: simulation.now(),
  });
  simulation.journal?.task(task);
  if (affordable) pay(simulation, task);
  return { outcome: 'accepted', task };
}

/** Sets what an account has left, for good. */
export function setBalance(simulation: Simulation, account: string, micros: number): void {
  simulation.accounts.setBalanceMicros(account, micros);
  simulation.journal?.append({ kind: 'balance', account, micros });
}

/** Charges the webcom tasks that waited for money, oldest first, for as long as the balance lasts. */
export function settleWaiting(simulation: Simulation, account: string): void {
  for (const task of simulation.tasks.all()) {
    if (task.account !== account || task.paidAtMs !== undefined) continue;
    const price = toMicros(task.pricePerNumber) * task.numbers.length;
    if (price > simulation.accounts.balanceMicros(account)) return;
    pay(simulation, task);
  }
}

function priceMicros(account: Account, count: number): number {
  return toMicros(account.price_per_number) * count;
}

function pay(simulation: Simulation, task: Task): void {
  const nowMs = simulation.now();
  const charge = simulation.ledger.charge(task, nowMs);
  task.paidAtMs = nowMs;
  simulation.journal?.append({ kind: 'charge', task_id: task.id, at_ms: nowMs });
  const before = simulation.accounts.balanceMicros(task.account);
  setBalance(simulation, task.account, before - charge.amount_micros);
}
