import type { Account } from '../accounts.ts';
import type { Task } from '../tasks.ts';
import { expectedOutcome, type ReportForm, truths } from '../truth.ts';
import type { FileEdits } from './edits.ts';
import { type CellStyle, cellStyles, type ResultLayout, xlsxNumbersMax } from './layouts.ts';

/** Above this, xlsx files use inline strings: a shared table of so many unique numbers is what nobody writes. */
const sharedStringsNumbersMax = 50_000;

/** How a task's result file looks. */
export type Appearance =
  | { kind: 'table'; layout: ResultLayout; cells: CellStyle; plus: boolean }
  | {
      kind: 'text';
      semantics: Exclude<ReportForm, 'table_with_ban'>;
      plus: boolean;
      lineEnd: '\n' | '\r\n';
    };

/**
 * A task's look follows from its ordinal (the how-manieth task of its type and account it is), so a run shows every look
 * and shows the same again: layouts cycle as the account lists them, cell styles with period 3, the sign and webcom's line
 * ends with period 2. What edits ask for goes before; what does not fit in a sheet comes as csv.
 */
export function appearanceOf(task: Task, account: Account, edits: FileEdits): Appearance {
  const plus = edits.plus ?? task.ordinal % 2 === 0;
  if (account.contract === 'webcom') {
    return {
      kind: 'text',
      semantics: edits.semantics ?? account.result_semantics,
      plus,
      lineEnd: task.ordinal % 2 === 0 ? '\r\n' : '\n',
    };
  }
  const layouts = account.result_layouts;
  const usualLayout = turnOf(layouts, task.ordinal);
  const fits = task.numbers.length <= xlsxNumbersMax;
  const layout = edits.layout ?? (fits ? usualLayout : 'zip_csv');
  const usualCells = turnOf(cellStyles, task.ordinal);
  const few = task.numbers.length <= sharedStringsNumbersMax;
  return { kind: 'table', layout, cells: edits.cells ?? (few ? usualCells : 'inline'), plus };
}

function turnOf<Choice>(choices: readonly Choice[], ordinal: number): Choice {
  const choice = choices[ordinal % choices.length];
  if (choice === undefined) throw new Error('nothing to choose from');
  return choice;
}

/** What a task's undamaged file can express; `expectedOutcome` takes it. */
export function reportFormOf(task: Pick<Task, 'traits'>, account: Account): ReportForm {
  if (account.contract === 'webcom') return account.result_semantics;
  return task.traits.says_ban ? 'table_with_ban' : 'table';
}

/** Webcom's `filtered_phones`: the numbers in the file, or, where it is a table, the registered ones. */
export function filteredPhones(task: Task, account: Account): number {
  const form = reportFormOf(task, account);
  const listed = form === 'negatives_only' ? 'not_registered' : 'registered';
  return truths
    .filter((truth) => expectedOutcome(truth, form) === listed)
    .reduce((total, truth) => total + task.tally[truth], 0);
}
