import type { AccountOf } from '../accounts.ts';
import { filteredPhones } from '../results/appearance.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';
import { scriptedStatus, workReport } from './work-report.ts';

const words = { pending: 'new', processing: 'inwork', processed: 'complete' } as const;

/** The true word of a task now; without money it waits. */
export function statusWord(simulation: Simulation, task: Task): string {
  if (task.paidAtMs === undefined) return 'waittopay';
  return words[workReport(simulation, task).phase];
}

/** A task's entry in get-status. `hash` comes with `complete`; `filtered_phones` grows on the way there. */
export function statusEntry(
  simulation: Simulation,
  task: Task,
  account: AccountOf<'webcom'>,
): object {
  const scripted = scriptedStatus(task);
  const word = scripted['status'] ?? statusWord(simulation, task);
  const { total, success, failure } = workReport(simulation, task);
  const share = task.paidAtMs === undefined ? 0 : (success + failure) / total;
  const complete = word === 'complete';
  const filtered = filteredPhones(task, account);
  return {
    id: Number(task.id),
    status: word,
    total_phones: total,
    filtered_phones: complete ? filtered : Math.floor(filtered * share),
    ...(complete && { hash: task.hash }),
    ...scripted,
  };
}
