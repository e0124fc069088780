import type { Task } from '../tasks.ts';
import type { FileEdits } from './edits.ts';

/** The edits for a task's next download, counted off; `undefined` once the script is used up. */
export function takeDownload(task: Task): FileEdits | undefined {
  const { file } = task.script;
  if (!file || file.downloadsLeft <= 0) return undefined;
  file.downloadsLeft -= 1;
  return file.edits;
}
