import type { Journal } from './journal.ts';
import type { Simulation } from './simulation.ts';

/** Brings back the tasks, charges and balances of an earlier run. Accounts that are no longer there keep their charges. */
export function restore(simulation: Simulation, journal: Journal): void {
  for (const entry of journal.read()) {
    switch (entry.kind) {
      case 'task':
        simulation.tasks.restore({
          ...entry.task,
          numbers: journal.numbersOf(entry.task.id),
          script: { statuses: [], holdLast: false, expiredUrlsLeft: 0 },
        });
        break;
      case 'charge': {
        const task = simulation.tasks.byId(entry.task_id);
        if (!task)
          throw new Error(`the journal charges for ${entry.task_id}, which it does not know`);
        simulation.ledger.charge(task, entry.at_ms);
        task.paidAtMs = entry.at_ms;
        break;
      }
      case 'balance':
        if (simulation.accounts.byName(entry.account)) {
          simulation.accounts.setBalanceMicros(entry.account, entry.micros);
        }
        break;
    }
  }
}
