import { AccountBook } from './account-book.ts';
import type { AccountInput } from './accounts.ts';
import { FaultScript } from './faults/fault-script.ts';
import type { Journal } from './journal.ts';
import { Ledger } from './ledger.ts';
import { RequestLog } from './request-log.ts';
import { ResultFiles } from './results/result-files.ts';
import { ResultUrls } from './results/result-urls.ts';
import { restore } from './restore.ts';
import type { Settings } from './settings.ts';
import { TaskBook } from './tasks.ts';

/** The whole simulated world: what the contracts and the control API read and change. */
export interface Simulation {
  /** Unix milliseconds. */
  now: () => number;
  settings: Settings;
  accounts: AccountBook;
  tasks: TaskBook;
  ledger: Ledger;
  faults: FaultScript;
  requests: RequestLog;
  resultFiles: ResultFiles;
  resultUrls: ResultUrls;
  /** Where tasks and charges outlive the process, if they are to. */
  journal: Journal | undefined;
  /** Origin of the result server, known once it listens. */
  resultOrigin: string;
}

/** A world with these accounts: a fresh one, or what a journal remembers. */
export function createSimulation(
  accounts: readonly AccountInput[],
  settings: Settings,
  now: () => number,
  journal: Journal | undefined,
): Simulation {
  const simulation: Simulation = {
    now,
    settings,
    accounts: new AccountBook(accounts),
    tasks: new TaskBook(),
    ledger: new Ledger(),
    faults: new FaultScript(),
    requests: new RequestLog(),
    resultFiles: new ResultFiles(),
    resultUrls: new ResultUrls(),
    journal,
    resultOrigin: '',
  };
  if (journal) restore(simulation, journal);
  return simulation;
}
