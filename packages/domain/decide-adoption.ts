import type { PollDecision, Polled } from './decide-poll.ts';

/** Whether a task that a person named for an unknown upload can be that upload, by what the provider says of the task. */

export interface AdoptionFacts {
  /** Numbers that were sent. */
  readonly numbers: number;
  /** From the intent to the moment at which its outcome was given up. */
  readonly sentFrom_ms: number;
  readonly sentUntil_ms: number;
  /** When the provider made the task, where its id says so. */
  readonly taskMadeAt_ms: number | null;
}

export type AdoptionRefusal =
  | 'adopted_task_not_found'
  | 'adopted_task_of_another_time'
  | 'adopted_task_of_another_size'
  | 'adopted_task_never_told'
  | 'adopted_task_in_use';

export type AdoptionDecision =
  /** The provider has not said enough yet: it is asked again. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'refuse'; readonly detail: AdoptionRefusal };

/** Clocks differ, and a provider may make a task some time after it has read the upload. */
export const adoptionSlack_ms = 600_000;
/** The provider counts after it dropped what it takes for duplicate or invalid; the margin that planning uses too. */
const countedLeast = 0.9;

/** `poll` is what the answer would mean for a task that is ours: where it would be held, waiting is over. */
export function decideAdoption(
  polled: Polled,
  poll: PollDecision,
  facts: AdoptionFacts,
): AdoptionDecision {
  const over = poll.kind === 'hold';
  if (polled.kind === 'not_found') {
    return over ? { kind: 'refuse', detail: 'adopted_task_not_found' } : { kind: 'wait' };
  }
  if (polled.kind === 'no_answer') {
    return over ? { kind: 'refuse', detail: 'adopted_task_never_told' } : { kind: 'wait' };
  }
  const madeAt_ms = facts.taskMadeAt_ms;
  if (
    madeAt_ms !== null &&
    (madeAt_ms < facts.sentFrom_ms - adoptionSlack_ms ||
      madeAt_ms > facts.sentUntil_ms + adoptionSlack_ms)
  ) {
    return { kind: 'refuse', detail: 'adopted_task_of_another_time' };
  }
  const total = polled.status.total ?? 0;
  if (total > 0) {
    const fits = total <= facts.numbers && total >= Math.floor(facts.numbers * countedLeast);
    return fits ? { kind: 'confirm' } : { kind: 'refuse', detail: 'adopted_task_of_another_size' };
  }
  // No count: a new task may not have one yet. One that is through without any is taken, and its file compared.
  if (poll.kind === 'ready') return { kind: 'confirm' };
  return over ? { kind: 'refuse', detail: 'adopted_task_never_told' } : { kind: 'wait' };
}
