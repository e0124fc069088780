import type { Task } from '../tasks.ts';
import type { AttachingAction } from './fault.ts';

/** Writes faults into a task's script, where its coming answers find them. */
export function attach(task: Task, actions: readonly AttachingAction[]): void {
  for (const action of actions) {
    switch (action.kind) {
      case 'statuses':
        task.script.statuses = action.statuses.map((entry) =>
          typeof entry === 'string' ? { status: entry } : entry,
        );
        task.script.holdLast = action.hold_last;
        break;
      case 'file':
        task.script.file = {
          edits: action.edits,
          downloadsLeft: action.downloads ?? Number.POSITIVE_INFINITY,
        };
        break;
      case 'expired_urls':
        task.script.expiredUrlsLeft = action.count;
        break;
    }
  }
}
