import type { Job } from '@rollcall/contract';
import { accountAdvice } from './account-advice.ts';
import { AnswerRate } from './answer-rate.ts';
import { endingOf, retryCommandOf } from './closed-job.ts';
import { type Context, Interrupted } from './context.ts';
import { estimatedCostOf } from './estimated-cost.ts';
import type { Ending } from './exit-codes.ts';
import { closedStates, followJob } from './follow-job.ts';
import { attentionLines, endLine, spentOf } from './job-view.ts';
import { counted, durationText, grouped } from './plain-text.ts';
import { openProgressDisplay, type ProgressDisplay } from './progress-display.ts';
import { isAdvisedByAccount, stuckOf } from './stuck.ts';

export interface Watched {
  readonly ending: Ending;
  readonly job: Job;
}

/** A late answer takes a chunk out of `held` again within seconds of it. */
const stoppedGrace_ms = 5_000;
/** What was sent before a pause still comes in. */
const pausedGrace_ms = 60_000;
const redrawEvery_ms = 1_000;

class NothingMoves extends Error {}

export interface WatchOptions {
  /** Told of each state of the job, as it comes. */
  readonly onJob?: (job: Job) => Promise<void>;
  readonly stoppedGrace_ms?: number;
}

/**
 * Follows a job with a progress bar until it is closed, or until only a person can get on with it. When the person at the terminal
 * ends it, the job runs on, and they are told how to come back to it; Interrupted is thrown on.
 */
export async function watchJob(
  context: Context,
  jobId: string,
  options: WatchOptions = {},
): Promise<Watched> {
  const { api, output, signal } = context;
  const display = openProgressDisplay(
    output.err,
    output.json ? 'silent' : output.drawsProgress ? 'bar' : 'lines',
  );
  const nothingMoves = new AbortController();
  const rate = new AnswerRate();
  let job: Job | null = null;
  let estimate: string | null = null;
  let movedAt_ms = performance.now();
  let seenAt_ms = movedAt_ms;
  const redraw = setInterval(() => {
    if (job === null) return;
    show(display, job, { rate, estimate, waited_s: (performance.now() - seenAt_ms) / 1_000 });
    const stuck = stuckOf(job);
    if (stuck.kind === 'moving') return;
    const grace_ms =
      stuck.why === 'paused' ? pausedGrace_ms : (options.stoppedGrace_ms ?? stoppedGrace_ms);
    if (performance.now() - movedAt_ms > grace_ms) nothingMoves.abort(new NothingMoves());
  }, redrawEvery_ms);
  try {
    const together = AbortSignal.any([signal, nothingMoves.signal]);
    for await (const seen of followJob(api, jobId, { signal: together })) {
      if (seen.kind === 'away') {
        display.say(
          `The API gives no answer (${seen.code}); the job goes on, and so do we when it is back …`,
        );
        continue;
      }
      if (seen.kind === 'back') {
        display.say('The API is back.');
        continue;
      }
      const now_ms = performance.now();
      if (job === null || isOther(job, seen.job)) movedAt_ms = now_ms;
      const isFirst = job === null;
      seenAt_ms = now_ms;
      ({ job } = seen);
      rate.see(job.counts.answered, now_ms);
      if (isFirst && !output.json && !closedStates.has(job.state)) {
        estimate = await estimatedCostOf({ api, signal: together }, job);
      }
      show(display, job, { rate, estimate, waited_s: 0 });
      await options.onJob?.(job);
    }
    if (job === null) throw new Error('a job was followed to its end and never seen');
    display.end();
    output.note(endLine(job));
    if (job.failure !== null) output.note(`It failed: ${job.failure}`);
    const again = retryCommandOf(job);
    if (again !== null) output.note(`→ ${again}`);
    return { ending: endingOf(job), job };
  } catch (error) {
    display.end();
    if (error instanceof NothingMoves && job !== null) {
      await explainStuck(context, job);
      return { ending: 'personNeeded', job };
    }
    if (error instanceof Interrupted) output.note(howToComeBack(jobId));
    throw error;
  } finally {
    clearInterval(redraw);
  }
}

/** How to follow, pause and cancel a job that goes on without us. `said` is what became of it. */
export function howToComeBack(
  jobId: string,
  said = 'The job runs on without this program.',
): string {
  return [
    said,
    `  follow   rollcall job ${jobId} --watch`,
    `  pause    rollcall pause ${jobId}`,
    `  cancel   rollcall cancel ${jobId}`,
  ].join('\n');
}

/** Whether something of it moved: what it says of the time left does so by itself. */
function isOther(before: Job, after: Job): boolean {
  const moving = ({ state, counts, chunks, money }: Job) =>
    JSON.stringify([state, counts.answered, chunks, money]);
  return moving(before) !== moving(after);
}

async function explainStuck(context: Context, job: Job): Promise<void> {
  const { output } = context;
  const left = counted(job.counts.pending, 'number');
  if (job.state === 'paused') {
    output.note(`${job.id} is paused with ${left} left. A person has to act:`);
    output.note(`  → rollcall resume ${job.id}`);
    return;
  }
  output.note(`${job.id}: nothing of the ${left} left moves by itself. A person has to act:`);
  for (const line of attentionLines(job)) output.note(`  ${line}`);
  const advice = job.attention.some(isAdvisedByAccount)
    ? await accountAdvice(context, job.account)
    : null;
  if (advice !== null) output.note(`  ${advice}`);
}

interface Beside {
  readonly rate: AnswerRate;
  /** What the whole job would cost, where that is known. */
  readonly estimate: string | null;
  /** Since the job was seen so. */
  readonly waited_s: number;
}

function show(display: ProgressDisplay, job: Job, { rate, estimate, waited_s }: Beside): void {
  const { counts, money, chunks } = job;
  const { spent } = spentOf(job);
  // Behind the first upload the rest waits by design.
  const blocked = job.attention
    .filter(({ state, reason }) => state === 'blocked' && reason !== 'canary')
    .reduce((sum, each) => sum + each.chunks, 0);
  const unpaid = job.attention
    .filter(({ state }) => state === 'waiting')
    .reduce((sum, each) => sum + each.chunks, 0);
  const perSecond = rate.perSecond();
  const left_s = job.eta_seconds === null ? null : Math.max(0, job.eta_seconds - waited_s);
  const parts = [
    `${grouped(counts.answered)}/${grouped(counts.accepted)}`,
    ...(perSecond === null || perSecond < 1 ? [] : [`${grouped(Math.round(perSecond))}/s`]),
    ...(left_s === null || closedStates.has(job.state) ? [] : [`ETA ${durationText(left_s)}`]),
    `${spent}${estimate === null || closedStates.has(job.state) ? '' : ` of ≈${estimate}`} ${money.currency}`,
    ...(chunks.held > 0 ? [`${grouped(chunks.held)} held`] : []),
    ...(blocked > 0 ? [`${grouped(blocked)} blocked`] : []),
    ...(unpaid > 0 ? [`${grouped(unpaid)} unpaid`] : []),
    ...(job.state === 'running' ? [] : [job.state]),
  ];
  display.show(job.progress, parts.join(' · '));
}
