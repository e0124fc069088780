import type { Task } from '../tasks.ts';
import type { Appearance } from './appearance.ts';
import type { FileEdits } from './edits.ts';
import { csvTable, inChunks, numberLines } from './text-tables.ts';
import { type RowChoice, verdictRows } from './verdict-rows.ts';

const choices: Record<'positives_only' | 'negatives_only', RowChoice> = {
  positives_only: 'yes',
  negatives_only: 'no',
};

/** Webcom's text file. Its page does not say what is inside: the account (or an edit) decides. */
export function resultText(
  task: Task,
  appearance: Extract<Appearance, { kind: 'text' }>,
  edits: FileEdits,
): Iterable<string> {
  const { semantics, plus, lineEnd } = appearance;
  if (semantics === 'table') return inChunks(csvTable(verdictRows(task, edits, plus, 'all'), []));
  return inChunks(numberLines(verdictRows(task, edits, plus, choices[semantics]), lineEnd));
}
