import { progressOf } from '../progress.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';

/** What every contract says of a task's work. `success` counts the determined, `failure` the others. */
export interface WorkReport {
  phase: 'pending' | 'processing' | 'processed';
  total: number;
  success: number;
  failure: number;
  updatedAtMs: number;
}

/** The true state of a paid task now. */
export function workReport(simulation: Simulation, task: Task): WorkReport {
  const total = task.numbers.length;
  const { phase, done, updatedAtMs } = progressOf({
    total,
    paidAtMs: task.paidAtMs ?? simulation.now(),
    nowMs: simulation.now(),
    baseMs: simulation.settings.processing_ms_base,
    perNumberMs: simulation.settings.processing_ms_per_number,
  });
  const undecided = task.tally.undetermined + task.tally.missing;
  const failure = Math.floor((undecided * done) / total);
  return { phase, total, success: done - failure, failure, updatedAtMs };
}

/** Takes the next scripted status answer of a task: fields that go over the true ones. */
export function scriptedStatus(task: Task): Record<string, unknown> {
  const { statuses, holdLast } = task.script;
  return (statuses.length === 1 && holdLast ? statuses[0] : statuses.shift()) ?? {};
}
