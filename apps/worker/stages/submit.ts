import { setTimeout as delay } from 'node:timers/promises';
import {
  answerFacts,
  blockChunk,
  blockReady,
  claimSubmit,
  type LoadedSubmit,
  loadSubmit,
  nextReady,
  numbersOfChunk,
  originOf,
  postponeBlocked,
  recordBalance,
  releaseBehindCanary,
  reserveRequest,
  type Settled,
  type SubmitClaim,
  settleSubmit,
  unblockAccount,
  unblockChunk,
} from '@rollcall/db';
import {
  type Account,
  backoff_ms,
  type CheckOffer,
  decideAnswered,
  decideSubmit,
  type Money,
  parseMoney,
  type SubmitAnswer,
  type SubmitDecision,
  type SubmitResult,
} from '@rollcall/domain';
import { type Counts, type Equipment, newId, offerOf } from '../equipment.ts';
import { whileLeased } from '../heartbeat.ts';
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
  const looked = await claim(equipment, chunkId, false);
  if (looked.kind === 'ask_balance') {
    const mayProbe = await askBalance(equipment, looked.loaded, looked.account, looked.amount);
    if (!mayProbe) return { blocked: 1 };
    const again = await claim(equipment, chunkId, true);
    return again.kind === 'claimed' ? upload(equipment, again, signal) : { waiting: 1 };
  }
  if (looked.kind !== 'claimed') return { [looked.kind]: 1 };
  return upload(equipment, looked, signal);
}

interface Claimed {
  readonly kind: 'claimed';
  readonly loaded: LoadedSubmit;
  readonly claim: SubmitClaim;
  readonly account: Account;
  readonly offer: CheckOffer;
  readonly wait_ms: number;
}
type Looked =
  | Claimed
  | { readonly kind: 'gone' | 'waiting' | 'blocked' }
  | {
      readonly kind: 'ask_balance';
      readonly loaded: LoadedSubmit;
      readonly account: Account;
      readonly amount: Money;
    };

async function claim(
  equipment: Equipment,
  chunkId: string,
  balanceIsFine: boolean,
): Promise<Looked> {
  const { db, log, times } = equipment;
  return db.transaction(async (tx): Promise<Looked> => {
    const loaded = await loadSubmit(tx, chunkId);
    if (loaded === null) return { kind: 'gone' };
    const offered = offerOf(equipment, loaded.account, loaded.checkName);
    // Another process may know a newer accounts file; this one must not send what it does not know.
    if (offered === null) return { kind: 'waiting' };
    const { account, offer } = offered;
    const { chunk } = loaded.facts;
    const decision: SubmitDecision = decideSubmit({
      ...loaded.facts,
      chunk:
        balanceIsFine && chunk.reason === 'provider_balance' ? { ...chunk, reason: null } : chunk,
      configured: account,
      offer,
    });
    switch (decision.kind) {
      case 'wait':
        return { kind: 'waiting' };
      case 'ask_balance':
        return { kind: 'ask_balance', loaded, account, amount: decision.amount };
      case 'block':
        await blockChunk(tx, chunkId, loaded.fence, decision.reason, decision.due_ms);
        if (decision.reason !== 'job_ceiling') {
          await blockReady(tx, loaded.account, decision.reason, decision.due_ms);
        }
        log.warn('chunk.blocked', {
          job: loaded.jobId,
          chunk: chunkId,
          account: loaded.account,
          reason: decision.reason,
        });
        return { kind: 'blocked' };
      case 'claim': {
        if (chunk.state === 'blocked') {
          await unblockChunk(tx, chunkId, loaded.fence);
          // What is gone for one is gone for all of them; a probe for money goes alone.
          if (
            chunk.reason !== null &&
            chunk.reason !== 'provider_balance' &&
            chunk.reason !== 'job_ceiling'
          ) {
            await unblockAccount(tx, loaded.account, [chunk.reason]);
          }
        }
        const claimed = await claimSubmit(tx, loaded, {
          id: newId('attempt'),
          providerOrigin: originOf(account),
          pricePerNumber: offer.pricePerNumber,
          amount: decision.amount,
          currency: account.currency,
          lease_ms: times.lease_ms,
        });
        const wait_ms = await reserveRequest(tx, account.id, account.pace.requestsPerSecond);
        return { kind: 'claimed', loaded, claim: claimed, account, offer, wait_ms };
      }
    }
  });
}

const balanceWait = { floor_ms: 30_000, ceiling_ms: 900_000 };

/**
 * Asks whether the provider has money for us again. True: this chunk may be sent, as the one probe. Where the balance is told and
 * suffices, the others follow at once; where it cannot be told, they wait for the probe.
 */
async function askBalance(
  equipment: Equipment,
  loaded: LoadedSubmit,
  account: Account,
  needed: Money,
): Promise<boolean> {
  const { db, log } = equipment;
  const answer = await equipment.providerOf(account).balance();
  const balance = answer.kind === 'balance' ? parseMoney(answer.amount) : null;
  const later_ms = loaded.facts.now_ms + backoff_ms(loaded.freeTries, balanceWait, Math.random());
  return db.transaction(async (tx) => {
    if (balance !== null) {
      await recordBalance(tx, account.id, balance);
      log.info('account.balance', { account: account.id });
    }
    await postponeBlocked(tx, account.id, 'provider_balance', later_ms);
    if (balance !== null && balance < needed) return false;
    if (balance !== null) await unblockAccount(tx, account.id, ['provider_balance']);
    else await unblockChunk(tx, loaded.chunkId, loaded.fence);
    return true;
  });
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

  const { answer, result, settled } = await whileLeased(
    equipment,
    { chunkId: loaded.chunkId, fence: held.fence },
    async () => {
      const sent = await send(equipment, claimed);
      const { now_ms, jobCancelled } = await storePatiently(log, signal, () =>
        answerFacts(db, loaded.jobId),
      );
      const decided = decideAnswered(sent, {
        now_ms,
        jobCancelled,
        random: Math.random(),
        numbers: loaded.facts.chunk.numbers,
        freeTries: loaded.freeTries,
        configured: account,
        offer,
      });
      const stored = await storePatiently(log, signal, () =>
        db.transaction(async (tx) => {
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
  );
  report(equipment, line, answer, result, settled);
  await ringNext(equipment, account);
  return { [settled.kind === 'applied' ? settled.state : settled.kind]: 1 };
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
    // Nothing was sent, and we know it.
    return {
      kind: 'not_sent',
      reason: 'numbers_not_read',
      evidence: {
        operation: 'submit',
        startedAt_ms,
        duration_ms: Date.now() - startedAt_ms,
        headersSent: false,
        httpStatus: null,
        bodyExcerpt: null,
        rawBody: null,
        transportError: 'numbers_not_read',
      },
    };
  }
  if (wait_ms > 0) await delay(wait_ms);
  return equipment
    .providerOf(account)
    .submit({ taskType: offer.taskType, numbers, reference: held.attemptId });
}

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
    log.warn('attempt.late_answer', { ...line, reason: answer.kind, status_code, duration_ms });
    return;
  }
  if (settled.kind === 'duplicate_task_id') {
    log.error('chunk.held', { ...line, reason: 'duplicate_task_id', status_code, duration_ms });
    return;
  }
  switch (result.kind) {
    case 'accepted':
      log.info('chunk.accepted', { ...line, status_code, duration_ms });
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

/** A slot is free again: the next chunk need not wait for the sweep. */
async function ringNext(equipment: Equipment, account: Account): Promise<void> {
  const next = await nextReady(equipment.db, account.id, 1);
  await equipment.ring(
    next.map(({ chunkId, ring }) => ({ stage: 'submit', chunkId, account: account.id, ring })),
  );
}
