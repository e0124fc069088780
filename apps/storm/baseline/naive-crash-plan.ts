import type { CrashPlan, CrashPoint } from '@rollcall/crash-points';

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

/**
 * Where the naive worker dies when Rollcall's dies at a point that only Rollcall has: at the like moment of the same chunk's way, so
 * that both lose their workers equally often and in the same stages.
 */
export function naiveCrashPlan(plan: CrashPlan | null): CrashPlan | null {
  return plan && { ...plan, point: likePoint(plan.point) };
}

/** The point of the naive worker that stands for one of Rollcall's. */
export function likePoint(point: string): CrashPoint {
  const own: readonly CrashPoint[] = [
    ...Object.values(naivePoints),
    'submit:after_headers',
    'submit:after_body',
  ];
  const same = own.find((each) => each === point);
  if (same) return same;
  if (/^submit(?::in_store|\.settle:before)/.test(point)) return naivePoints.afterAnswer;
  if (point === 'submit.settle:after_commit') return naivePoints.beforePoll;
  if (/^poll\.(?:claim|reserve)/.test(point)) return naivePoints.beforePoll;
  if (/^(?:poll|sweep|lease)/.test(point)) return naivePoints.afterPoll;
  if (/^ingest\.(?:claim|reserve)/.test(point)) return naivePoints.beforeDownload;
  if (/^ingest(?:\.archive|:before_parse|\.start_parse)/.test(point))
    return naivePoints.afterDownload;
  if (point.startsWith('ingest')) return naivePoints.afterParse;
  return naivePoints.beforeUpload;
}
