import type { Job } from '@rollcall/contract';
import type { Ending } from './exit-codes.ts';

/** What a retry asks again. */
const retried = ['failed', 'missing'] as const;

/** How a program that waited for a job ends. A cancellation that came when everything was answered changed nothing. */
export function endingOf({ state, outcomes }: Pick<Job, 'state' | 'outcomes'>): Ending {
  const wasCancelled = (outcomes['cancelled'] ?? 0) > 0;
  if (state === 'failed' || (state === 'cancelled' && wasCancelled)) return 'failed';
  const hasGaps = wasCancelled || retried.some((outcome) => (outcomes[outcome] ?? 0) > 0);
  return hasGaps || state === 'completed_with_errors' ? 'withErrors' : 'done';
}

/** The command that asks the unanswered numbers of a closed job again; null where none is left that a retry asks. */
export function retryCommandOf({ id, outcomes }: Pick<Job, 'id' | 'outcomes'>): string | null {
  const include = retried.filter((outcome) => (outcomes[outcome] ?? 0) > 0);
  return include.length === 0 ? null : `rollcall retry ${id} --include ${include.join(',')}`;
}
