/**
 * Every COMMIT that Rollcall makes, by the name that its transaction gives: `<who>.<what it stores>`. Whoever adds a transaction
 * adds its name; sorted by who.
 */
export const commitNames = [
  'accounts.confirm_semantics',
  'accounts.pause',
  'accounts.reset_breaker',
  'accounts.resume',
  'accounts.sync',
  'hold.adopt',
  'hold.give_up',
  'hold.keep_polling',
  'hold.pay_again',
  'hold.replay',
  'ingest.archive',
  'ingest.claim',
  'ingest.end_parse',
  'ingest.keep_evidence',
  'ingest.leave',
  'ingest.publish',
  'ingest.reserve_request',
  'ingest.start_parse',
  'job.cancel',
  'job.change',
  'job.pause',
  'job.receive',
  'job.resume',
  'job.retry',
  'key.create',
  'key.revoke',
  'key.revoke_earlier',
  'key.use',
  'lease.extend',
  'local.open_to_readers',
  'metrics.read',
  'plan.job',
  'poll.claim',
  'poll.pause_account',
  'poll.reserve_request',
  'poll.settle',
  'ring.next_ready',
  'ring.take',
  'replay.ask',
  'replay.claim',
  'replay.leave',
  'replay.settle',
  'submit.claim',
  'submit.keep_balance',
  'submit.release_unsent',
  'submit.reserve_request',
  'submit.settle',
  'submit.take_balance_look',
  'sweep.analyse',
  'sweep.expire',
  'sweep.prune',
  'sweep.rescue',
  /** Of tests, for SQL that no stage runs. */
  'test',
] as const;
export type CommitName = (typeof commitNames)[number];

export type CrashPoint = `${CommitName}:before_commit` | `${CommitName}:after_commit`;

/** The closed list of places where a process can be told to die. */
export const crashPoints: readonly CrashPoint[] = commitNames.flatMap((name) => [
  `${name}:before_commit` as const,
  `${name}:after_commit` as const,
]);
