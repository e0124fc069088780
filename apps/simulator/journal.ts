import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Task } from './tasks.ts';

/** A task without what is kept beside it (its numbers) or not at all (its script). */
export type TaskRecord = Omit<Task, 'numbers' | 'script'>;

/** One line of the journal. */
export type JournalEntry =
  | { kind: 'task'; task: TaskRecord }
  | { kind: 'charge'; task_id: string; at_ms: number }
  | { kind: 'balance'; account: string; micros: number };

/**
 * What vendors do not forget when they restart: tasks, charges and balances, one JSON line each in a folder, a task's
 * numbers in a file of their own. Lines are written before the answer leaves, so that a killed simulator knows every
 * charge that a client may have heard of; a last line cut short by the kill is dropped.
 */
export class Journal {
  #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#dropTornLine();
  }

  /** Everything written so far, oldest first. */
  read(): JournalEntry[] {
    if (!existsSync(this.#path)) return [];
    const lines = readFileSync(this.#path, 'utf8').trimEnd().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  numbersOf(taskId: string): Float64Array {
    const bytes = readFileSync(this.#numbersPath(taskId));
    return new Float64Array(new Uint8Array(bytes).buffer);
  }

  task(task: Task): void {
    const { numbers, script: _script, ...kept } = task;
    writeFileSync(this.#numbersPath(task.id), new Uint8Array(numbers.buffer));
    this.append({ kind: 'task', task: kept });
  }

  append(entry: JournalEntry): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }

  /** Before anything is appended to it. */
  #dropTornLine(): void {
    if (!existsSync(this.#path)) return;
    truncateSync(this.#path, readFileSync(this.#path).lastIndexOf('\n') + 1);
  }

  get #path(): string {
    return join(this.#directory, 'journal.ndjson');
  }

  #numbersPath(taskId: string): string {
    return join(this.#directory, `${taskId}.numbers`);
  }
}
