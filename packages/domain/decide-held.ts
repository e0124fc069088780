import { type AttemptOutcome, attemptOutcomes } from './attempt.ts';
import { type HeldReason, heldReasons } from './chunk.ts';
import { type JobState, jobStates } from './job.ts';

/** What a person may decide on a held chunk; docs/state-machine.md shows the table, and a test holds the two together. */
export const heldDecisions = ['adopt', 'pay_again', 'keep_polling', 'replay', 'give_up'] as const;
export type HeldDecision = (typeof heldDecisions)[number];

/** Which decisions fit what a chunk is held for. */
export const decisionsFor: Readonly<Record<HeldReason, readonly HeldDecision[]>> = {
  unknown: ['adopt', 'pay_again', 'give_up'],
  upstream_failed: ['pay_again', 'keep_polling', 'give_up'],
  // Polled on after a file that was doubted, and not answered: the file is still kept.
  poll: ['adopt', 'keep_polling', 'replay', 'give_up'],
  artifact: ['keep_polling', 'replay', 'give_up'],
};

export interface HeldFacts {
  readonly reason: HeldReason;
  readonly attemptOutcome: AttemptOutcome;
  readonly jobState: JobState;
  /** Whether a file is kept, or (held for `artifact`) the address of one is known, that could be read again. */
  readonly hasResult: boolean;
}

/** What may be decided on a chunk as it is held now. */
export function allowedDecisions(held: HeldFacts): readonly HeldDecision[] {
  return decisionsFor[held.reason].filter((decision) => {
    switch (decision) {
      case 'pay_again':
        // Nothing more of a cancelled job is sent.
        return held.jobState !== 'cancelling';
      case 'replay':
        return held.hasResult;
      default:
        return true;
    }
  });
}

/** All facts of a held chunk that `decision` fits: a list of many is narrowed by them before it is cut off. */
export function factsFitting(decision: HeldDecision): readonly HeldFacts[] {
  const states = Object.keys(jobStates) as JobState[];
  const all = heldReasons.flatMap((reason) =>
    attemptOutcomes.flatMap((attemptOutcome) =>
      states.flatMap((jobState) =>
        [false, true].map((hasResult) => ({ reason, attemptOutcome, jobState, hasResult })),
      ),
    ),
  );
  return all.filter((held) => allowedDecisions(held).includes(decision));
}
