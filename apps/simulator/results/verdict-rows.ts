import type { Task } from '../tasks.ts';
import { truthRule, verdictWord } from '../truth.ts';
import type { FileEdits } from './edits.ts';

/** One row of a table: a number as it is written in the file, and its word. */
export interface VerdictRow {
  number: string;
  word: string;
}

/** Which numbers the file speaks of: all with a verdict, or only those with one of two words. */
export type RowChoice = 'all' | 'yes' | 'no';

/** The rows of a task's result in the order of the file, edits applied (see `edits.ts`). */
export function* verdictRows(
  task: Task,
  edits: FileEdits,
  plus: boolean,
  choice: RowChoice,
): Generator<VerdictRow> {
  if (!edits.reordered) {
    yield* orderedRows(task, edits, plus, choice);
    return;
  }
  // Held in memory: a scripted fault, used on small tasks.
  yield* [...orderedRows(task, edits, plus, choice)].toReversed();
}

function* orderedRows(
  task: Task,
  edits: FileEdits,
  plus: boolean,
  choice: RowChoice,
): Generator<VerdictRow> {
  const truthOf = truthRule(task.traits.check);
  const sign = plus ? '+' : '';
  const doubledUntil = edits.missing_rows + edits.doubled_rows;
  const contradictoryUntil = doubledUntil + edits.contradictory_rows;
  const again: VerdictRow[] = [];
  let seen = 0;
  for (const value of task.numbers) {
    const digits = String(value);
    const word = verdictWord(truthOf(digits), task.traits.says_ban, digits);
    if (word === undefined || !chosen(choice, word)) continue;
    seen += 1;
    if (seen <= edits.missing_rows) continue;
    const row = { number: sign + digits, word };
    if (seen <= doubledUntil) again.push(row);
    else if (seen <= contradictoryUntil) {
      again.push({ number: row.number, word: word === 'yes' ? 'no' : 'yes' });
    }
    yield row;
  }
  yield* again;
  const greatest = task.numbers.at(-1) ?? 0;
  for (let step = 1; step <= edits.foreign_rows; step += 1) {
    yield { number: `${sign}${greatest + step}`, word: choice === 'no' ? 'no' : 'yes' };
  }
}

/** `no` takes in the banned, as a list of the unregistered does. */
function chosen(choice: RowChoice, word: string): boolean {
  if (choice === 'all') return true;
  return choice === 'yes' ? word === 'yes' : word === 'no' || word === 'ban';
}
