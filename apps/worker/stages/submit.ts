import { setTimeout as delay } from 'node:timers/promises';
import { crashPoint } from '@rollcall/crash-points';
import {
  answerFacts,
  beginUpload,
  numbersOfChunk,
  readTaskTimes,
  releaseBehindCanary,
  type Settled,
  settleSubmit,
} from '@rollcall/db';
import {
  decideAnswered,
  paceOf,
  sizeClassOf,
  type SubmitAnswer,
  type SubmitResult,
  type TaskPace,
} from '@rollcall/domain';
import { startStopwatch } from '@rollcall/providers';
import { askBalance } from '../ask-balance.ts';
import { type Claimed, claimUpload, type Looked, notSent } from '../claim-upload.ts';
import { describeError } from '@rollcall/telemetry';
import type { Counts, Equipment } from '../equipment.ts';
import { whileLeased } from '../heartbeat.ts';
import { sha256OfNumbers } from '../sha256-of-numbers.ts';
import { storePatiently } from '../store-patiently.ts';

/**
 * Sends one chunk, if it may be sent now: claim (intent committed, money reserved), upload, settle. Nothing here sends twice:
 * an upload whose outcome is not known leaves the chunk held.
 */
export async function submitChunk(
  equipment: Equipment,
  chunkId: string,
  signal: AbortSignal,
): Promise<Counts> {
  return sendClaimed(equipment, signal, await claimUpload(equipment, chunkId, signal, false));
}

/** Sends a chunk that was claimed, once its account's balance was asked for where that is in doubt. */
export async function sendClaimed(
  equipment: Equipment,
  signal: AbortSignal,
  looked: Looked,
): Promise<Counts> {
  if (looked.kind === 'ask_balance') {
    const mayProbe = await askBalance(equipment, looked.loaded, looked.account, looked.amount);
    if (!mayProbe) return { blocked: 1 };
    const again = await claimUpload(equipment, looked.loaded.chunkId, signal, true);
    return again.kind === 'claimed' ? upload(equipment, again, signal) : { waiting: 1 };
  }
  if (looked.kind !== 'claimed') return { [looked.kind]: 1 };
  return upload(equipment, looked, signal);
}

async function upload(
  equipment: Equipment,
  claimed: Claimed,
  signal: AbortSignal,
): Promise<Counts> {
  const { db, log } = equipment;
  const { loaded, claim: held, account, offer } = claimed;
  const line = {
    job: loaded.jobId,
    chunk: loaded.chunkId,
    attempt: held.attemptId,
    account: account.id,
    fence: held.fence,
  };
  log.info('chunk.claimed', { ...line, counts: { numbers: loaded.facts.chunk.numbers } });

  let taskId: string | undefined;
  const { answer, result, settled } = await whileLeased(
    equipment,
    { chunkId: loaded.chunkId, fence: held.fence },
    async () => {
      const sent = await send(equipment, claimed);
      crashPoint('submit:after_answer');
      if (sent.kind === 'accepted') taskId = sent.taskId;
      const { numbers } = loaded.facts.chunk;
      // At once: the slot is not free before both are there.
      const [{ now_ms, jobCancelled }, pace] = await Promise.all([
        storePatiently(log, signal, () => answerFacts(db, loaded.jobId)),
        sent.kind === 'accepted'
          ? paceOfTasks(equipment, account.id, loaded.checkName, numbers)
          : null,
      ]);
      const decided = decideAnswered(sent, {
        now_ms,
        jobCancelled,
        random: Math.random(),
        numbers,
        freeTries: loaded.freeTries,
        pace,
        configured: account,
        offer,
      });
      const stored = await storePatiently(log, signal, () =>
        db.transaction('submit.settle', async (tx) => {
          const outcome = await settleSubmit(
            tx,
            {
              chunkId: loaded.chunkId,
              attemptId: held.attemptId,
              fence: held.fence,
              tenantId: loaded.tenantId,
              jobNo: loaded.jobNo,
              account: account.id,
              checkName: loaded.checkName,
            },
            sent,
            decided,
          );
          if (
            outcome.kind === 'applied' &&
            outcome.state === 'polling' &&
            account.canary === 'acceptance'
          ) {
            await releaseBehindCanary(tx, loaded.jobNo);
          }
          return outcome;
        }),
      );
      return { answer: sent, result: decided, settled: stored };
    },
  ).catch((error: unknown) => {
    // What only this process knows must not go with it: a person can adopt the task by this line.
    log.error('attempt.answer_lost', { ...line, task: taskId, ...describeError(error) });
    throw error;
  });
  equipment.metrics.count('rollcall_uploads_total', { account: account.id, outcome: answer.kind });
  report(equipment, line, answer, result, settled);
  return { [settled.kind === 'applied' ? settled.state : settled.kind]: 1 };
}

/** What was learned of tasks like it. Without it the task is looked at a little too often: an answer that is to be stored does not wait for it. */
async function paceOfTasks(
  { db }: Equipment,
  account: string,
  check: string,
  numbers: number,
): Promise<TaskPace | null> {
  const times = await readTaskTimes(db, account, [check]).catch(() => null);
  return paceOf(times?.get(check) ?? [], sizeClassOf(numbers));
}

async function send(equipment: Equipment, claimed: Claimed): Promise<SubmitAnswer> {
  const { loaded, claim: held, account, offer, wait_ms } = claimed;
  const startedAt_ms = Date.now();
  let numbers: Float64Array;
  try {
    numbers = await numbersOfChunk(
      equipment.db,
      loaded.jobNo,
      loaded.jobDay,
      held.numbersInRange,
      loaded.facts.chunk.numbers,
    );
  } catch {
    return notSent('numbers_not_read', startedAt_ms);
  }
  const sha256 = sha256OfNumbers(numbers);
  if (wait_ms > 0) await delay(wait_ms);
  // The claim may have run out while it waited or slept, and a person may have decided since: what was held meanwhile is not
  // sent any more. Postgres counts the new lease from after this moment. What it does not outlast is not begun: this process, too, may
  // be stopped between the lease and the first byte until a person has paid again.
  const sinceLease_ms = startStopwatch();
  const begun = await beginUpload(equipment.db, {
    chunkId: loaded.chunkId,
    attemptId: held.attemptId,
    fence: held.fence,
    lease_ms: equipment.times.lease_ms,
    sha256,
    numbers: equipment.suppressions.hold(loaded.tenantId, numbers),
  }).catch(() => 'claim_lost' as const);
  if (begun !== 'begun') return notSent(begun, startedAt_ms);
  crashPoint('submit:before_first_byte');
  return equipment.providerOf(account).submit({
    taskType: offer.taskType,
    numbers,
    reference: held.attemptId,
    stillMine: () => sinceLease_ms() < equipment.times.lease_ms - account.upload_deadline_ms,
  });
}

const lateEvents = {
  paid_twice: 'attempt.paid_twice',
  another_task: 'attempt.another_task',
  given_up: 'attempt.given_up_paid',
} as const;

function report(
  { log }: Equipment,
  line: Record<string, string | number>,
  answer: SubmitAnswer,
  result: SubmitResult,
  settled: Settled,
): void {
  const status_code = answer.evidence.httpStatus ?? undefined;
  const duration_ms = answer.evidence.duration_ms;
  if (settled.kind === 'stale') {
    // The person who decided could not know it: the attempt says it from now on, and rollcall.paid_twice where it was paid again.
    if (settled.late) {
      const task = answer.kind === 'accepted' ? answer.taskId : undefined;
      log.error(lateEvents[settled.late], { ...line, task, status_code, duration_ms });
    }
    log.warn('attempt.late_answer', { ...line, reason: answer.kind, status_code, duration_ms });
    return;
  }
  if (settled.kind === 'duplicate_task_id') {
    log.error('chunk.held', { ...line, reason: 'duplicate_task_id', status_code, duration_ms });
    return;
  }
  switch (result.kind) {
    case 'accepted':
      log.info('chunk.accepted', {
        ...line,
        task: answer.kind === 'accepted' ? answer.taskId : undefined,
        status_code,
        duration_ms,
      });
      break;
    case 'retry':
      log.warn(answer.kind === 'not_sent' ? 'attempt.not_sent' : 'attempt.refused_free', {
        ...line,
        reason: result.reason,
        status_code,
        duration_ms,
      });
      break;
    case 'held':
      log.error('chunk.held', { ...line, reason: result.reason, status_code, duration_ms });
      break;
    case 'rejected':
      log.error('chunk.rejected', { ...line, reason: result.reason, status_code, duration_ms });
      break;
    case 'blocked':
      log.warn('chunk.blocked', { ...line, reason: result.reason, status_code, duration_ms });
      break;
    case 'replan':
      log.warn('chunk.blocked', { ...line, reason: 'replan', status_code, duration_ms });
      break;
    case 'cancelled':
      log.info('chunk.cancelled', { ...line, status_code, duration_ms });
      break;
  }
}
