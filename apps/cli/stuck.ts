import type { Job } from '@rollcall/contract';
import { refusesKeysForFree } from '@rollcall/domain';

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

/** What a person does next about something that stands still. */
export interface NextStep {
  /** What is done before the command, or all there is to say where there is none. */
  readonly first?: string;
  readonly command: string | null;
  /** What to know before it is typed. */
  readonly caution?: string;
}

/** How a person gets on with what is held, blocked or not paid for, for this reason. */
export function nextStepOf(
  attention: Pick<Job['attention'][number], 'state' | 'reason'>,
  job: Pick<Job, 'id' | 'account'>,
): NextStep {
  if (attention.state === 'held') return { command: `rollcall holds --job ${job.id}` };
  switch (attention.reason) {
    case 'job_ceiling':
      return { command: `rollcall change ${job.id} --max-cost AMOUNT` };
    case 'account_paused':
    case 'auth':
      return resumeStepOf({ id: job.account }, attention.reason);
    case 'breaker':
      return {
        // It says why it is open, and whether anything is left to decide.
        command: `rollcall accounts ${job.account}`,
        caution: 'one upload goes by itself when its time is over; accepted, the others follow',
      };
    case 'canary':
      return { first: "waits for the job's first upload; nothing to do", command: null };
    case 'canary_rejected':
      return { command: `rollcall resume ${job.id}` };
    case 'account_withdrawn':
      return {
        first: 'have whoever runs the installation give the account back, or',
        command: `rollcall cancel ${job.id}`,
      };
    case 'approval_ceiling':
      return { command: `rollcall cancel ${job.id}` };
    case 'provider_balance':
    case 'account_cap':
      return { command: `rollcall accounts ${job.account}` };
    default:
      return { command: `rollcall chunks ${job.id}` };
  }
}

/**
 * How a paused or stopped account goes on; workers read keys when they start, so that after a refused key the order matters. With the
 * old key the next upload is refused again, and not every provider says that this is free.
 */
export function resumeStepOf(
  account: { readonly id: string; readonly adapter?: string },
  reason: string,
): NextStep {
  const command = `rollcall accounts resume ${account.id} --reason '…'`;
  if (reason !== 'auth') return { command };
  return {
    first: "put a valid key into the workers' environment and restart them, then",
    command,
    caution: refusesKeysForFree(account.adapter)
      ? 'with the old key the next upload is refused again, for free'
      : 'resuming with the old key can put one more upload in doubt',
  };
}

/** `first → command (caution)`. */
export function stepText({ first, command, caution }: NextStep): string {
  return [
    ...(first === undefined ? [] : [first]),
    ...(command === null ? [] : [`→ ${command}`]),
    ...(caution === undefined ? [] : [`(${caution})`]),
  ].join(' ');
}

/** Reasons for which the account has advice of its own. */
const reasonsOfAccount: ReadonlySet<string> = new Set([
  'account_paused',
  'account_cap',
  'provider_balance',
]);

/** Whether the account says what to do about it; a refused key is told of by its step. */
export function isAdvisedByAccount({
  state,
  reason,
}: Pick<Job['attention'][number], 'state' | 'reason'>): boolean {
  return state !== 'held' && reasonsOfAccount.has(reason);
}
