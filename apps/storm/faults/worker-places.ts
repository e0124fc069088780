import type { CrashPlace } from '@rollcall/crash-points';

/** The steps of apps/worker/testing/one-step.ts. */
export type StepName =
  | 'plan'
  | 'submit'
  | 'poll'
  | 'ingest'
  | 'expire'
  | 'rescue'
  | 'balances'
  | 'sync';

interface WorkerPlace {
  /**
   * Whether a worker of a storm comes by: on the way of the chunks; only in a job's first moment, or where a fault or a long wait brings it
   * there; or not at all, since nobody asks for a replay in a storm and none lasts long enough to be pruned.
   */
  readonly met: 'mostly' | 'seldom' | 'never';
  /** The steps that come by each time, or nearly. */
  readonly steps: readonly StepName[];
  /** The step that comes by only when something is wrong, for which a fault must have been scripted. */
  readonly rarelyIn: StepName | null;
}

const mostlyIn = (...steps: StepName[]): WorkerPlace => ({
  met: 'mostly',
  steps,
  rarelyIn: null,
});
const seldomIn = (...steps: StepName[]): WorkerPlace => ({ ...mostlyIn(...steps), met: 'seldom' });
const rarelyIn = (step: StepName | null): WorkerPlace => ({
  met: 'seldom',
  steps: [],
  rarelyIn: step,
});
const never: WorkerPlace = { met: 'never', steps: [], rarelyIn: null };

/** Who comes by where. The type makes this whole: a place that a worker gains does not compile until it is said here. */
export const workerPlaces: Readonly<Record<CrashPlace<'worker'>, WorkerPlace>> = {
  'accounts.sync': seldomIn('sync'),
  'plan.job': seldomIn('plan'),

  'submit.claim': mostlyIn('submit'),
  'lease.extend': seldomIn('submit'),
  'submit:before_first_byte': mostlyIn('submit'),
  'submit:after_headers': mostlyIn('submit'),
  'submit:after_body': mostlyIn('submit'),
  'submit:after_answer': mostlyIn('submit'),
  'submit:in_store': mostlyIn('submit'),
  'submit.settle': mostlyIn('submit'),
  'submit.take_balance_look': rarelyIn('submit'),
  'submit.reserve_request': rarelyIn('submit'),
  'submit.keep_balance': rarelyIn('submit'),
  // Only where somebody objects to a number, and to none is in a storm of nothing but deaths: apps/worker/testing/crashes.ts has these deaths too.
  'submit.leave_out': rarelyIn(null),
  // A statement of the claim must fail for it, which no step is made to.
  'submit.release_unsent': rarelyIn(null),

  'poll.claim': mostlyIn('poll'),
  'poll.reserve_request': seldomIn('poll'),
  'poll:before_call': mostlyIn('poll'),
  'poll:after_answer': mostlyIn('poll'),
  'poll.settle': mostlyIn('poll'),
  'poll.pause_account': rarelyIn('poll'),

  'ingest.claim': mostlyIn('ingest'),
  'ingest.reserve_request': seldomIn('ingest'),
  'ingest:before_download': mostlyIn('ingest'),
  'ingest:after_download': mostlyIn('ingest'),
  'ingest.archive': mostlyIn('ingest'),
  'ingest:before_parse': mostlyIn('ingest'),
  'ingest.start_parse': mostlyIn('ingest'),
  'ingest.end_parse': mostlyIn('ingest'),
  'ingest:after_parse': mostlyIn('ingest'),
  'ingest:in_copy': mostlyIn('ingest'),
  'ingest.publish': mostlyIn('ingest'),
  'ingest.leave': rarelyIn('ingest'),
  'ingest.keep_evidence': rarelyIn('ingest'),

  'ring.next_ready': mostlyIn('plan', 'submit', 'ingest'),
  'ring:after': mostlyIn('plan', 'submit', 'poll', 'rescue'),

  'sweep.expire': mostlyIn('expire'),
  'sweep.rescue': mostlyIn('rescue'),
  'sweep.take_doubt_look': mostlyIn('balances'),
  'sweep.reserve_request': seldomIn('balances'),
  'sweep.keep_doubt_balance': seldomIn('balances'),
  'sweep.begin_drop': never,
  'sweep.claim_erasure': rarelyIn(null),
  'sweep.cut_audit': never,
  'sweep.drop_notes': rarelyIn(null),
  'sweep.drop_partition': never,
  'sweep.empty_evidence': never,
  'sweep.erase_from_job': rarelyIn(null),
  'sweep.erase_from_rows': rarelyIn(null),
  'sweep.finish_erasure': rarelyIn(null),
  'sweep.pass_file': rarelyIn(null),
  'sweep.replace_file': rarelyIn(null),
  'sweep.prune': never,
  'sweep.see_erasures': rarelyIn(null),
  'sweep.analyse': never,

  'replay.claim': never,
  'replay.settle': never,
  'replay.leave': never,
};
