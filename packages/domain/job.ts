import type { Edge } from './chunk.ts';

/** A job is one request: one check, many numbers. `docs/state-machine.md` draws it, `store.job_edges` enforces it. */
export const jobStates = {
  receiving: 'the API, while it stores the upload; nobody else ever sees it',
  planning: 'a plan worker cuts it into chunks',
  running: 'its chunks; it closes with the last of them',
  paused: 'a person resumes it; what was sent is still polled and read',
  cancelling: 'its chunks in flight; it closes with the last of them',
  completed: 'nobody; a child job retries what is missing',
  completed_with_errors: 'nobody; a child job retries what failed or is missing',
  cancelled: 'nobody; a child job retries what failed or is missing',
  failed: 'nobody; a child job retries it on an account that offers the check',
} as const;
export type JobState = keyof typeof jobStates;

export const finalJobStates: readonly JobState[] = [
  'completed',
  'completed_with_errors',
  'cancelled',
  'failed',
];

export const jobEdges: readonly Edge<JobState>[] = [
  { from: 'receiving', to: 'planning', when: 'the upload is stored' },
  { from: 'planning', to: 'running', when: 'cut into chunks' },
  { from: 'planning', to: 'completed', when: 'no line held a number to check' },
  { from: 'planning', to: 'cancelling', when: 'a person cancelled it' },
  { from: 'planning', to: 'failed', when: 'its account no longer offers the check' },
  { from: 'running', to: 'paused', when: 'a person paused it' },
  { from: 'paused', to: 'running', when: 'a person resumed it' },
  { from: 'running', to: 'cancelling', when: 'a person cancelled it' },
  { from: 'paused', to: 'cancelling', when: 'a person cancelled it' },
  { from: 'running', to: 'completed', when: 'every number has its row' },
  { from: 'running', to: 'completed_with_errors', when: 'every number has its row, some failed' },
  { from: 'paused', to: 'completed', when: 'what was in flight was all there was' },
  { from: 'paused', to: 'completed_with_errors', when: 'the same, and some failed' },
  { from: 'cancelling', to: 'cancelled', when: 'every number has its row' },
];

/** The state in which a job closes, once every accepted number has its row. */
export function closingState(
  state: 'planning' | 'running' | 'paused' | 'cancelling',
  failed: number,
): JobState {
  if (state === 'cancelling') return 'cancelled';
  return failed > 0 ? 'completed_with_errors' : 'completed';
}
