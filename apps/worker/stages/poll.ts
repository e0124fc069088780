import { setTimeout as delay } from 'node:timers/promises';
import { crashPoint } from '@rollcall/crash-points';
import {
  appendEvidence,
  claimPolls,
  jobTraceparent,
  learnTaskTime,
  pauseAccount,
  type PollClaim,
  readTaskTimes,
  reserveRequest,
  serverNow_ms,
  settlePoll,
  type TaskTimes,
  type Transaction,
} from '@rollcall/db';
import {
  type Account,
  type AttemptId,
  decidePoll,
  paceOf,
  type Polled,
  sizeClassOf,
  type StatusAnswer,
} from '@rollcall/domain';
import type { Provider } from '@rollcall/providers';
import type { Counts, Equipment } from '../equipment.ts';
import { judgeAdoption } from '../judge-adoption.ts';
import { storePatiently } from '../store-patiently.ts';

/** Status calls of one account that this worker has on the wire at once; the pace is the account's, over all workers. */
const callsAtOnce = 8;
/** One doorbell is answered for so long at most; the next one goes on. */
const round_ms = 5_000;

/** A provider that tells of many tasks in one call is called once in so long: whatever becomes due meanwhile is asked for together. The sweep's tick. */
const apart_ms = 500;

/**
 * Calls to claim at a time: no more than one second of the account's pace. What is claimed waits its turn under a lease, and
 * every reserved turn puts off this account's uploads.
 */
function callsPerClaim(account: Account, asksForMany: boolean): number {
  if (asksForMany) return 1;
  return Math.max(1, Math.min(callsAtOnce, Math.floor(account.pace.requestsPerSecond)));
}

/** Asks for all tasks of an account that are due, as many in one call as the provider takes. */
export async function pollAccount(
  equipment: Equipment,
  accountId: string,
  signal: AbortSignal,
): Promise<Counts> {
  const account = equipment.accounts.accounts.get(accountId);
  if (!account) return { unknown_account: 1 };
  const provider = equipment.providerOf(account);
  const counts = { calls: 0, tasks: 0, ready: 0, held: 0, stale: 0 };
  const asksForMany = provider.statusBatchSize > 1;
  const until = performance.now() + round_ms;
  while (!equipment.stopping.aborted && !signal.aborted && performance.now() < until) {
    const claims = await claimPolls(
      equipment.db,
      accountId,
      provider.statusBatchSize * callsPerClaim(account, asksForMany),
      equipment.times.lease_ms,
      asksForMany ? apart_ms : null,
    );
    if (claims.length === 0) break;
    const checks = [...new Set(claims.map(({ checkName }) => checkName))];
    const times = await readTaskTimes(equipment.db, accountId, checks);
    const learned = new Map<string, AttemptId>();
    const groups = Array.from(
      { length: Math.ceil(claims.length / provider.statusBatchSize) },
      (_, index) =>
        claims.slice(index * provider.statusBatchSize, (index + 1) * provider.statusBatchSize),
    );
    for (const done of await Promise.all(
      groups.map((group) =>
        pollGroup(equipment, { account, provider, times, learned }, group, signal),
      ),
    )) {
      counts.calls += 1;
      counts.tasks += done.tasks;
      counts.ready += done.ready;
      counts.held += done.held;
      counts.stale += done.stale;
    }
    if (asksForMany) break;
  }
  return counts;
}

/** What a round goes by. */
interface Round {
  readonly account: Account;
  readonly provider: Provider;
  /** As they were read after the claim. */
  readonly times: TaskTimes;
  /**
   * What was learned of since, and from which: of tasks of one size that end in one round one is enough, and who writes must have read what is there. That one learns again where its
   * transaction is tried again.
   */
  readonly learned: Map<string, AttemptId>;
}

async function pollGroup(
  equipment: Equipment,
  round: Round,
  claims: readonly PollClaim[],
  signal: AbortSignal,
): Promise<{ tasks: number; ready: number; held: number; stale: number }> {
  const { db, log } = equipment;
  const { account, provider } = round;
  const wait_ms = await db.transaction('poll.reserve_request', (tx) =>
    reserveRequest(tx, account.id, account.pace.requestsPerSecond),
  );
  if (wait_ms > 0) await delay(wait_ms, undefined, { signal }).catch(() => undefined);
  // Told to stop before the call: the claims run out and another worker asks.
  if (signal.aborted) return { tasks: 0, ready: 0, held: 0, stale: 0 };
  crashPoint('poll:before_call');
  const answer = await provider.status(
    claims.map((claim) => claim.taskId),
    signal,
  );
  crashPoint('poll:after_answer');
  if (answer.kind === 'failed') {
    log.warn('poll.failed', {
      account: account.id,
      reason: answer.failure,
      status_code: answer.evidence.httpStatus ?? undefined,
      duration_ms: answer.evidence.duration_ms,
      counts: { tasks: claims.length },
    });
    const paused =
      answer.failure === 'auth' &&
      (await db.transaction('poll.pause_account', (tx) => pauseAccount(tx, account.id, 'auth')));
    if (paused) log.error('account.paused', { account: account.id, reason: 'auth' });
  }
  const done = { tasks: claims.length, ready: 0, held: 0, stale: 0 };
  for (const claim of claims) {
    const state = await settleOne(equipment, round, claim, answer, signal);
    if (state === 'result_ready') done.ready += 1;
    if (state === 'held') done.held += 1;
    if (state === 'stale') done.stale += 1;
  }
  return done;
}

function polledOf(answer: StatusAnswer, taskId: string): Polled {
  switch (answer.kind) {
    case 'failed':
      return { kind: 'no_answer', retryAfter_ms: answer.retryAfter_ms };
    case 'not_found':
      return { kind: 'not_found' };
    case 'answered': {
      const status = answer.tasks.get(taskId);
      return status ? { kind: 'status', status } : { kind: 'not_found' };
    }
  }
}

async function settleOne(
  equipment: Equipment,
  round: Round,
  claim: PollClaim,
  answer: StatusAnswer,
  signal: AbortSignal,
): Promise<'polling' | 'result_ready' | 'held' | 'stale'> {
  const { db, log } = equipment;
  const polled = polledOf(answer, claim.taskId);
  const now_ms = await serverNow_ms(db);
  const { account, provider, times } = round;
  const known = times.get(claim.checkName) ?? [];
  const decided = decidePoll(polled, {
    ...claim,
    pace: claim.seen_ms === null ? null : paceOf(known, sizeClassOf(claim.numbers)),
    now_ms,
    random: Math.random(),
    configured: account,
  });
  const madeAt_ms = provider.taskMadeAt_ms(claim.taskId);
  const { decision, settled } = await storePatiently(log, signal, () =>
    db.transaction('poll.settle', async (tx) => {
      const judged = await judgeAdoption(tx, claim, polled, decided, madeAt_ms);
      if (judged.kind === 'stale') return { decision: judged.decision, settled: judged };
      // The history has every answer; the whole exchange is kept where a person will have to look.
      if (judged.decision.kind === 'hold') {
        await appendEvidence(tx, claim, judged.decision.detail, answer.evidence, claim.taskId);
      }
      const done = await settlePoll(tx, judged.claim, polled, judged.decision);
      if (done.kind === 'applied' && done.state === 'result_ready') {
        await learn(tx, round, claim, now_ms);
      }
      return { decision: judged.decision, settled: done };
    }),
  );
  const line = {
    job: claim.jobId,
    chunk: claim.chunkId,
    attempt: claim.attemptId,
    account: account.id,
  };
  if (polled.kind === 'status' && polled.status.phase === 'unrecognised') {
    log.error('poll.unrecognised_status', { ...line, status_word: polled.status.word });
  }
  if (settled.kind === 'stale') {
    log.warn('chunk.stale', { ...line, stage: 'poll', fence: claim.fence });
    return 'stale';
  }
  if (settled.overcharged) {
    log.error('attempt.overcharged', line);
    log.error('account.paused', { account: account.id, reason: 'actual_above_price' });
  }
  if (settled.state !== 'polling') await traceInJob(equipment, claim, settled.state);
  if (settled.state === 'held' && decision.kind === 'hold') {
    log.error('chunk.held', { ...line, reason: decision.detail });
  }
  if (settled.state === 'result_ready') {
    log.info('chunk.result_ready', line);
    await equipment.ring([{ stage: 'ingest', chunkId: claim.chunkId, ring: settled.ring }]);
  }
  return settled.state;
}

/** From a task that has ended by now, unless its time tells nothing of others. */
async function learn(
  tx: Transaction,
  { account, times, learned }: Round,
  claim: PollClaim,
  now_ms: number,
): Promise<void> {
  const { attemptId, checkName: check, numbers, seen_ms } = claim;
  const key = `${check} ${sizeClassOf(numbers)}`;
  if (seen_ms === null || (learned.get(key) ?? attemptId) !== attemptId) return;
  learned.set(key, attemptId);
  const ended = { after_ms: seen_ms, until_ms: now_ms - claim.acceptedAt_ms };
  await learnTaskTime(tx, { account: account.id, check, numbers, ended }, times);
}

/** The round that asked is a trace of its own, for many jobs; the job's own trace gets what came of it, with a link to the round. */
async function traceInJob(
  { db, tracing }: Equipment,
  claim: PollClaim,
  result: 'result_ready' | 'held',
): Promise<void> {
  if (!tracing.enabled) return;
  const parent = await jobTraceparent(db, claim.jobId).catch(() => null);
  if (parent === null) return;
  const fields = { job: claim.jobId, chunk: claim.chunkId, attempt: claim.attemptId, result };
  tracing.ended({ name: 'polled', kind: 'internal', parent, fields }, 0, result === 'held');
}
