import type { CrashPoint } from '@rollcall/crash-points';

export type WorkerCrashPoint = CrashPoint<'worker'>;

/** What a job is brought to before the worker that is to die starts: what this stage takes up, or something that goes wrong there. */
export type Prepared =
  | 'plan'
  /** A month of numbers is older than it may get. */
  | 'plan_old_month'
  /** A row of the audit trail is older than it may get. */
  | 'plan_old_trail'
  /** A number of a job that is done is to be erased. */
  | 'plan_erasing'
  /** A file without an erased number was noted as one that has it. */
  | 'plan_noted'
  /** Another upload of the account is in doubt. */
  | 'plan_in_doubt'
  | 'submit'
  | 'poll'
  | 'ingest'
  /** The account's last refusal was for money. */
  | 'submit_without_balance'
  /** A number of it was put on the suppression list since it came in. */
  | 'submit_suppressed'
  /** The claim's statements fail. */
  | 'submit_that_fails'
  /** The provider refuses the key. */
  | 'poll_refused'
  /** The file cannot be had. */
  | 'ingest_without_file'
  /** A number of it was erased since it was sent. */
  | 'ingest_erased'
  /** It is done, and to be read again. */
  | 'replay'
  /** To be read again, and its readers died before. */
  | 'replay_suspect';

/** What becomes of the job of a worker that died at a point, once another worker is there. */
interface Crash {
  readonly prepared: Prepared;
  /** Held: money may have been spent, and nobody but a person sends it again. */
  readonly end: 'completed' | 'held';
  /** Uploads that the provider took payment for, by its own ledger. Two numbers: a race that is not ours. */
  readonly charges: readonly number[];
}

const planned: Crash = { prepared: 'plan', end: 'completed', charges: [1] };
const oldMonth: Crash = { ...planned, prepared: 'plan_old_month' };
const oldTrail: Crash = { ...planned, prepared: 'plan_old_trail' };
const erasing: Crash = { ...planned, prepared: 'plan_erasing' };
const noted: Crash = { ...planned, prepared: 'plan_noted' };
const inDoubt: Crash = { ...planned, prepared: 'plan_in_doubt' };
const notBegun: Crash = { prepared: 'submit', end: 'completed', charges: [1] };
/** The intent is there, and nothing came to the provider; we cannot know. */
const perhapsSent: Crash = { prepared: 'submit', end: 'held', charges: [0] };
const paidNotStored: Crash = { prepared: 'submit', end: 'held', charges: [1] };
const stored: Crash = { prepared: 'submit', end: 'completed', charges: [1] };
const withoutBalance: Crash = { ...notBegun, prepared: 'submit_without_balance' };
const suppressed: Crash = { ...notBegun, prepared: 'submit_suppressed' };
const failing: Crash = { ...notBegun, prepared: 'submit_that_fails' };
const polled: Crash = { prepared: 'poll', end: 'completed', charges: [1] };
const refused: Crash = { ...polled, prepared: 'poll_refused' };
const ingested: Crash = { prepared: 'ingest', end: 'completed', charges: [1] };
const ingestedErased: Crash = { ...ingested, prepared: 'ingest_erased' };
const withoutFile: Crash = { ...ingested, prepared: 'ingest_without_file' };
const replayed: Crash = { ...ingested, prepared: 'replay' };
const suspect: Crash = { ...ingested, prepared: 'replay_suspect' };

/**
 * Every point that a worker can die at. The type makes this list whole: a name that is added to the closed list, and whose
 * transaction a worker runs, does not compile until it is said here how it is reached and what follows.
 */
export const crashes: Readonly<Record<WorkerCrashPoint, Crash>> = {
  'ingest.archive:before_commit': ingested,
  'ingest.archive:after_commit': ingestedErased,
  'ingest.claim:after_commit': ingested,
  'ingest.start_parse:before_commit': ingested,
  'ingest.start_parse:after_commit': ingested,
  'ingest.end_parse:before_commit': ingested,
  'ingest.end_parse:after_commit': ingested,
  'ingest.publish:before_commit': ingested,
  'ingest.publish:after_commit': ingested,
  'ingest.reserve_request:before_commit': ingested,
  'ingest.reserve_request:after_commit': ingested,
  'ingest:before_download': ingested,
  'ingest:after_download': ingested,
  'ingest:before_parse': ingested,
  'ingest:after_parse': ingested,
  'ingest:in_copy': ingested,
  'ingest.keep_evidence:before_commit': withoutFile,
  'ingest.keep_evidence:after_commit': withoutFile,
  'ingest.leave:before_commit': withoutFile,
  'ingest.leave:after_commit': withoutFile,
  'replay.claim:before_commit': replayed,
  'replay.claim:after_commit': replayed,
  'replay.settle:before_commit': replayed,
  'replay.settle:after_commit': replayed,
  'replay.leave:before_commit': suspect,
  'replay.leave:after_commit': suspect,
  // Leaves the chunk to be taken by whoever comes next, so it is the last of its stage.
  'ingest.claim:before_commit': ingested,

  'poll.claim:after_commit': polled,
  'poll.reserve_request:before_commit': polled,
  'poll.reserve_request:after_commit': polled,
  'poll:before_call': polled,
  'poll:after_answer': polled,
  'poll.settle:before_commit': polled,
  'poll.settle:after_commit': polled,
  'poll.pause_account:before_commit': refused,
  'poll.pause_account:after_commit': refused,
  'poll.claim:before_commit': polled,

  'submit.claim:after_commit': perhapsSent,
  'lease.extend:before_commit': perhapsSent,
  'lease.extend:after_commit': perhapsSent,
  'submit:before_first_byte': perhapsSent,
  'submit:after_headers': perhapsSent,
  // Whether the provider reads a request whose sender is gone is its own affair.
  'submit:after_body': { ...perhapsSent, charges: [0, 1] },
  'submit:after_answer': paidNotStored,
  'submit:in_store': paidNotStored,
  'submit.settle:before_commit': paidNotStored,
  'submit.settle:after_commit': stored,
  // Whoever was asked for a balance first rings for the next behind it.
  'ring.next_ready:before_commit': withoutBalance,
  'ring.next_ready:after_commit': withoutBalance,
  'submit.take_balance_look:before_commit': withoutBalance,
  'submit.take_balance_look:after_commit': withoutBalance,
  'submit.reserve_request:before_commit': withoutBalance,
  'submit.reserve_request:after_commit': withoutBalance,
  'submit.keep_balance:before_commit': withoutBalance,
  'submit.keep_balance:after_commit': withoutBalance,
  'submit.leave_out:before_commit': suppressed,
  'submit.leave_out:after_commit': suppressed,
  'submit.release_unsent:before_commit': failing,
  'submit.release_unsent:after_commit': failing,
  'submit.claim:before_commit': notBegun,

  'plan.job:before_commit': planned,
  'plan.job:after_commit': planned,
  'ring:after': planned,
  'accounts.sync:before_commit': planned,
  'accounts.sync:after_commit': planned,
  'sweep.see_erasures:before_commit': erasing,
  'sweep.see_erasures:after_commit': erasing,
  'sweep.claim_erasure:before_commit': erasing,
  'sweep.claim_erasure:after_commit': erasing,
  'sweep.erase_from_job:before_commit': erasing,
  'sweep.erase_from_job:after_commit': erasing,
  'sweep.erase_from_rows:before_commit': erasing,
  'sweep.erase_from_rows:after_commit': erasing,
  'sweep.replace_file:before_commit': erasing,
  'sweep.replace_file:after_commit': erasing,
  'sweep.pass_file:before_commit': erasing,
  'sweep.pass_file:after_commit': erasing,
  'sweep.finish_erasure:before_commit': erasing,
  'sweep.finish_erasure:after_commit': erasing,
  'sweep.drop_notes:before_commit': noted,
  'sweep.drop_notes:after_commit': noted,
  'sweep.begin_drop:before_commit': oldMonth,
  'sweep.begin_drop:after_commit': oldMonth,
  'sweep.drop_partition:before_commit': oldMonth,
  'sweep.drop_partition:after_commit': oldMonth,
  'sweep.cut_audit:before_commit': oldTrail,
  'sweep.cut_audit:after_commit': oldTrail,
  'sweep.empty_evidence:before_commit': planned,
  'sweep.empty_evidence:after_commit': planned,
  'sweep.analyse:before_commit': planned,
  'sweep.analyse:after_commit': planned,
  'sweep.keep_doubt_balance:before_commit': inDoubt,
  'sweep.keep_doubt_balance:after_commit': inDoubt,
  'sweep.reserve_request:before_commit': inDoubt,
  'sweep.reserve_request:after_commit': inDoubt,
  'sweep.take_doubt_look:before_commit': inDoubt,
  'sweep.take_doubt_look:after_commit': inDoubt,
  'sweep.expire:before_commit': planned,
  'sweep.expire:after_commit': planned,
  'sweep.prune:before_commit': planned,
  'sweep.prune:after_commit': planned,
  'sweep.rescue:before_commit': planned,
  'sweep.rescue:after_commit': planned,
};
