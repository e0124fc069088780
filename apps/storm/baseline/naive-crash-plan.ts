import { type CrashPlace, type CrashPlan, type CrashPoint, placeOf } from '@rollcall/crash-points';

/** The places that the naive worker passes; the two in the midst of an upload are the adapters' own. */
export const naivePoints = {
  beforeUpload: 'submit:before_first_byte',
  afterAnswer: 'submit:after_answer',
  beforePoll: 'poll:before_call',
  afterPoll: 'poll:after_answer',
  beforeDownload: 'ingest:before_download',
  afterDownload: 'ingest:after_download',
  afterParse: 'ingest:after_parse',
} as const satisfies Record<string, CrashPoint>;

const {
  beforeUpload,
  afterAnswer,
  beforePoll,
  afterPoll,
  beforeDownload,
  afterDownload,
  afterParse,
} = naivePoints;

/** The like moment of the naive worker for each place of Rollcall's: whole, since a place that is not here does not compile. */
const likePlace: Readonly<Record<CrashPlace<'worker'>, CrashPoint>> = {
  'accounts.sync': beforeUpload,
  'plan.job': beforeUpload,
  'submit.claim': beforeUpload,
  'submit.take_balance_look': beforeUpload,
  'submit.reserve_request': beforeUpload,
  'submit.keep_balance': beforeUpload,
  'submit.release_unsent': beforeUpload,
  'submit:before_first_byte': beforeUpload,
  'submit:after_headers': 'submit:after_headers',
  'submit:after_body': 'submit:after_body',
  'submit:after_answer': afterAnswer,
  'submit:in_store': afterAnswer,
  'submit.settle': afterAnswer,
  'ring.next_ready': beforeUpload,
  'ring:after': beforeUpload,

  'poll.claim': beforePoll,
  'poll.reserve_request': beforePoll,
  'poll:before_call': beforePoll,
  'poll:after_answer': afterPoll,
  'poll.settle': afterPoll,
  'poll.pause_account': afterPoll,
  'lease.extend': afterPoll,
  'sweep.analyse': afterPoll,
  'sweep.expire': afterPoll,
  'sweep.keep_doubt_balance': afterPoll,
  'sweep.prune': afterPoll,
  'sweep.rescue': afterPoll,
  'sweep.reserve_request': afterPoll,
  'sweep.take_doubt_look': afterPoll,

  'ingest.claim': beforeDownload,
  'ingest.reserve_request': beforeDownload,
  'ingest:before_download': beforeDownload,
  'ingest:after_download': afterDownload,
  'ingest.archive': afterDownload,
  'ingest:before_parse': afterDownload,
  'ingest.start_parse': afterDownload,
  'ingest.end_parse': afterParse,
  'ingest:after_parse': afterParse,
  'ingest:in_copy': afterParse,
  'ingest.publish': afterParse,
  'ingest.leave': afterParse,
  'ingest.keep_evidence': afterParse,

  // Nobody objects to a number in a storm, and nothing is old.
  'submit.leave_out': beforeUpload,
  'sweep.begin_drop': afterPoll,
  'sweep.claim_erasure': afterPoll,
  'sweep.cut_audit': afterPoll,
  'sweep.drop_notes': afterPoll,
  'sweep.drop_partition': afterPoll,
  'sweep.empty_evidence': afterPoll,
  'sweep.erase_from_job': afterPoll,
  'sweep.erase_from_rows': afterPoll,
  'sweep.finish_erasure': afterPoll,
  'sweep.pass_file': afterPoll,
  'sweep.replace_file': afterPoll,
  'sweep.see_erasures': afterPoll,
  // Nobody asks for one in a storm.
  'replay.claim': beforeDownload,
  'replay.settle': afterParse,
  'replay.leave': afterParse,
};

/**
 * Where the naive worker dies when Rollcall's dies at a point that only Rollcall has: at the like moment of the same chunk's way, so
 * that both lose their workers equally often and in the same stages.
 */
export function naiveCrashPlan(plan: CrashPlan | null): CrashPlan | null {
  return plan && { ...plan, point: likePoint(plan.point) };
}

/** The point of the naive worker that stands for one of a worker of Rollcall's. */
export function likePoint(point: string): CrashPoint {
  // Behind the COMMIT that stores the answer the next thing is a poll.
  if (point === 'submit.settle:after_commit') return beforePoll;
  const place = placeOf(point);
  return place !== null && isWorkers(place) ? likePlace[place] : beforeUpload;
}

function isWorkers(place: CrashPlace): place is CrashPlace<'worker'> {
  return Object.hasOwn(likePlace, place);
}
