import type { Job } from '@rollcall/contract';

/** Reasons that time or the workers take away by themselves; packages/domain/chunk.ts says what moves each on. */
const passing: ReadonlySet<string> = new Set(['breaker', 'account_cap', 'replan']);

export type Stuck =
  | { readonly kind: 'moving' }
  /** Nothing of it moves before a person acts. */
  | { readonly kind: 'stuck'; readonly why: 'stopped' | 'paused' };

/** What of a job tells whether it moves. */
export interface StuckFacts {
  readonly state: Job['state'];
  readonly counts: Pick<Job['counts'], 'pending'>;
  readonly attention: readonly Pick<Job['attention'][number], 'state' | 'reason' | 'numbers'>[];
}

/**
 * Whether all that is left of a job waits for a person. `canary` waits for the job's first chunk and is as stuck as that one. A
 * paused job is told apart: what was sent before still comes in.
 */
export function stuckOf(job: StuckFacts): Stuck {
  if (job.state === 'paused') return { kind: 'stuck', why: 'paused' };
  const waiting = job.attention.reduce((sum, { numbers }) => sum + numbers, 0);
  const isPassing = job.attention.some(
    ({ state, reason }) => state === 'blocked' && passing.has(reason),
  );
  const needsPerson = job.attention.some(
    ({ state, reason }) => state === 'held' || (!passing.has(reason) && reason !== 'canary'),
  );
  const isStuck =
    waiting >= job.counts.pending && job.counts.pending > 0 && needsPerson && !isPassing;
  return isStuck ? { kind: 'stuck', why: 'stopped' } : { kind: 'moving' };
}

/** The command with which a person gets on with what is held or blocked for this reason, and what it does. */
export function commandFor(
  attention: Pick<Job['attention'][number], 'state' | 'reason'>,
  job: Pick<Job, 'id' | 'account'>,
): string {
  if (attention.state === 'held') return `rollcall holds --job ${job.id}`;
  switch (attention.reason) {
    case 'job_ceiling':
      return `rollcall change ${job.id} --max-cost AMOUNT`;
    case 'account_paused':
    case 'auth':
    case 'breaker':
      return `rollcall accounts resume ${job.account}`;
    case 'canary_rejected':
      return `rollcall resume ${job.id}`;
    case 'approval_ceiling':
      return `rollcall cancel ${job.id}`;
    case 'canary':
    case 'provider_balance':
    case 'account_cap':
      return `rollcall accounts ${job.account}`;
    default:
      return `rollcall chunks ${job.id}`;
  }
}
