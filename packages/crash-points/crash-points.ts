/**
 * Every COMMIT that Rollcall makes, by the name that its transaction gives (`<who>.<what it stores>`), under each program that comes by it.
 * Whoever adds a transaction adds its name here, and says at the programs' tables of deaths what follows one there.
 */
const commitsOf = {
  api: [
    'accounts.confirm_semantics',
    'accounts.pause',
    'accounts.reset_breaker',
    'accounts.resume',
    'audit.append',
    'erasure.ask',
    'hold.adopt',
    'hold.give_up',
    'hold.keep_polling',
    'hold.open_batch',
    'hold.pay_again',
    'hold.replay',
    'intake.close',
    'intake.open',
    'job.cancel',
    'job.change',
    'job.pause',
    'job.receive',
    'job.resume',
    'job.retry',
    'key.change',
    'key.create',
    'key.revoke',
    'key.rotate',
    'key.use',
    'metrics.read',
    'replay.ask',
    'ring.next_ready',
    'ring.take',
    'suppression.add',
    'suppression.remove',
    'session.end',
    'session.open',
    'session.use',
  ],
  worker: [
    'accounts.sync',
    'ingest.archive',
    'ingest.claim',
    'ingest.end_parse',
    'ingest.keep_evidence',
    'ingest.leave',
    'ingest.publish',
    'ingest.reserve_request',
    'ingest.start_parse',
    'lease.extend',
    'plan.job',
    'poll.claim',
    'poll.pause_account',
    'poll.reserve_request',
    'poll.settle',
    'replay.claim',
    'replay.leave',
    'replay.settle',
    'ring.next_ready',
    'submit.claim',
    'submit.keep_balance',
    'submit.leave_out',
    'submit.release_unsent',
    'submit.reserve_request',
    'submit.settle',
    'submit.take_balance_look',
    'sweep.analyse',
    'sweep.begin_drop',
    'sweep.claim_erasure',
    'sweep.cut_audit',
    'sweep.drop_notes',
    'sweep.drop_partition',
    'sweep.empty_evidence',
    'sweep.erase_from_job',
    'sweep.erase_from_rows',
    'sweep.expire',
    'sweep.finish_erasure',
    'sweep.keep_doubt_balance',
    'sweep.pass_file',
    'sweep.prune',
    'sweep.replace_file',
    'sweep.rescue',
    'sweep.reserve_request',
    'sweep.see_erasures',
    'sweep.take_doubt_look',
  ],
  /** The start on one machine, and `pnpm key`: nobody arms them, since a person watches them and starts them again. */
  launcher: ['key.create', 'key.revoke_earlier', 'local.open_to_readers'],
  /** For SQL that no program runs. */
  tests: ['test'],
} as const;
type Program = keyof typeof commitsOf;

/** Of a program, or of any of them. */
export type CommitName<By extends Program = Program> = (typeof commitsOf)[By][number];
export const commitNames: readonly CommitName[] = [
  ...new Set(Object.values(commitsOf).flat()),
].sort();

/** The names that stand under a program. */
export function commitNamesOf(program: Program): readonly CommitName[] {
  return commitsOf[program];
}

/** Places between two COMMITs, or in the middle of one's statements, under the program that comes by: `<stage>:<moment>`. */
const momentsOf = {
  api: [
    /** Of the numbers of a job that is being received: some rows are sent. */
    'intake:in_copy',
  ],
  worker: [
    /** The intent is stored and the lease is fresh; the next thing is the upload's connection. */
    'submit:before_first_byte',
    /** The operating system has the request's headers, and nothing of its body. */
    'submit:after_headers',
    /** It has the whole body too; the provider has not answered. */
    'submit:after_body',
    /** The answer has come, and is nowhere but in memory. */
    'submit:after_answer',
    /** In the transaction that stores the answer: the evidence is written, nothing else. */
    'submit:in_store',
    'poll:before_call',
    'poll:after_answer',
    'ingest:before_download',
    /** The file is in the temporary folder alone. */
    'ingest:after_download',
    /** The file is in the archive, and nobody has looked into it. */
    'ingest:before_parse',
    /** What it says is known, and no row of it is written. */
    'ingest:after_parse',
    /** Some rows of the result are sent. */
    'ingest:in_copy',
    /** Doorbells are rung; who rang them has not gone on. */
    'ring:after',
  ],
  launcher: [],
  tests: [],
} as const;

/** A COMMIT, whose points are before it and after it, or a moment, which is one. */
export type CrashPlace<By extends Program = Program> =
  | CommitName<By>
  | (typeof momentsOf)[By][number];

type PointsOf<Name extends string> = `${Name}:before_commit` | `${Name}:after_commit`;
/** Where a program, or any of them, can die. A table with these keys does not compile while one of them is unsaid. */
export type CrashPoint<By extends Program = Program> =
  | PointsOf<(typeof commitsOf)[By][number]>
  | (typeof momentsOf)[By][number];

/** The closed list of points where a process can be told to die, each with the place that it is of. */
const places: readonly (readonly [CrashPoint, CrashPlace])[] = [
  ...commitNames.flatMap((name) => [
    [`${name}:before_commit`, name] as const,
    [`${name}:after_commit`, name] as const,
  ]),
  ...Object.values(momentsOf).flatMap((moments) => moments.map((at) => [at, at] as const)),
];
export const crashPoints: readonly CrashPoint[] = places.map(([point]) => point);

const placeByPoint: ReadonlyMap<string, CrashPlace> = new Map(places);
/** The place that a point is of; null for what is no point. */
export function placeOf(point: string): CrashPlace | null {
  return placeByPoint.get(point) ?? null;
}
