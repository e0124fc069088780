import type { Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

const atRest = new Set([
  'done',
  'failed',
  'rejected',
  'cancelled',
  'superseded',
  'held',
  'blocked',
]);

/** Whether anything still moves: what is neither closed nor waits for a person or a reason that is written down. */
export function openWithoutReason({ chunks, jobs }: Facts): Violation[] {
  const stuck: Violation[] = chunks
    .filter(({ state }) => !atRest.has(state))
    .map(({ id, state, reason }) => ({
      kind: 'stuck',
      chunkId: id,
      count: 1,
      what: `is ${[state, reason].filter(Boolean).join(': ')}`,
    }));
  for (const job of jobs) {
    const own = chunks.filter(({ job_id }) => job_id === job.id);
    const waits = own.some(({ state }) => !isClosed(state));
    const closed = /^(?:completed|completed_with_errors|cancelled|failed)$/.test(job.state);
    if (!closed && (own.length === 0 || !waits)) {
      stuck.push({
        kind: 'stuck',
        chunkId: null,
        jobId: job.id,
        count: 1,
        what: `job ${job.id} is ${job.state} with nothing left to wait for`,
      });
    }
  }
  return stuck;
}

function isClosed(state: string): boolean {
  return atRest.has(state) && state !== 'held' && state !== 'blocked';
}
