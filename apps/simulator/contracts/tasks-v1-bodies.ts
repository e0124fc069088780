import type { AccountOf } from '../accounts.ts';
import type { Charge } from '../ledger.ts';
import { fromMicros, toMicros } from '../money.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';
import { withMilliseconds, withNanoseconds } from '../timestamps.ts';
import { freshResultUrl } from './fresh-result-url.ts';
import { scriptedStatus, workReport } from './work-report.ts';

/** The Telegram page shows the old bodies, CoinW's and Twitter's the new. */
const oldTaskTypes = ['tg'];

/**
 * The creation's answer in one of the two documented shapes: the old one is a whole task with `total: 0`, the new one is
 * short and says `message`.
 */
export function createdBody(task: Task, account: AccountOf<'tasks-v1'>): object {
  const createdAt = withNanoseconds(task.createdAtMs);
  const total = task.numbers.length;
  const estimate = account.reports_amounts ? { estimated_amount: priceOf(task) } : {};
  if (hasOldBodies(task, account)) {
    return {
      created_at: createdAt,
      updated_at: createdAt,
      task_id: task.shownId,
      user_id: task.userId,
      status: 'pending',
      total: 0,
      success: 0,
      failure: 0,
      ...estimate,
    };
  }
  return {
    task_id: task.shownId,
    status: 'pending',
    total,
    message: 'Task created successfully',
    created_at: createdAt,
    ...estimate,
  };
}

/** The status answer: times with nine fractional digits beside the old bodies, three beside the new. */
export function statusBody(
  simulation: Simulation,
  task: Task,
  account: AccountOf<'tasks-v1'>,
): object {
  const report = workReport(simulation, task);
  const scripted = scriptedStatus(task);
  const word = scripted['status'] ?? (report.phase === 'processed' ? 'exported' : report.phase);
  const time = hasOldBodies(task, account) ? withNanoseconds : withMilliseconds;
  const ready = word === 'exported';
  return {
    created_at: time(task.createdAtMs),
    updated_at: time(report.updatedAtMs),
    task_id: task.id,
    user_id: task.userId,
    status: word,
    total: report.total,
    success: report.success,
    failure: report.failure,
    ...(ready && { result_url: freshResultUrl(simulation, task, account) }),
    ...(ready && account.reports_amounts && { actual_amount: priceOf(task) }),
    ...scripted,
  };
}

/** The sum of charges in currency units. */
export function amountOf(charges: readonly Charge[]): { amount: number } {
  return { amount: fromMicros(charges.reduce((sum, charge) => sum + charge.amount_micros, 0)) };
}

function hasOldBodies(task: Task, account: AccountOf<'tasks-v1'>): boolean {
  if (account.create_body !== 'by_task_type') return account.create_body === 'old';
  return oldTaskTypes.includes(task.taskType);
}

function priceOf(task: Task): { amount: number; currency: string } {
  const micros = toMicros(task.pricePerNumber) * task.numbers.length;
  return { amount: fromMicros(micros), currency: task.currency };
}
