import { setTimeout as delay } from 'node:timers/promises';
import {
  answerFacts,
  blockChunk,
  blockReady,
  type CapPeriod,
  claimSubmit,
  findIntent,
  forgetBalance,
  type LoadedSubmit,
  loadSubmit,
  originOf,
  postponeBlocked,
  recordBalance,
  reserveRequest,
  type SubmitClaim,
  settleSubmit,
  startCanary,
  takeBalanceLook,
  unblockAccount,
  unblockChunk,
} from '@rollcall/db';
import {
  type Account,
  type AttemptId,
  balanceWait_ms,
  type CheckOffer,
  decideSubmit,
  type Money,
  parseMoney,
  type SubmitAnswer,
  type SubmitDecision,
} from '@rollcall/domain';
import { type Equipment, newId, offerOf } from './equipment.ts';
import { storePatiently } from './store-patiently.ts';

/** Blocks whose time is the account's, the same for all of its chunks. */
const looksOnceAnAccount: ReadonlySet<string> = new Set([
  'breaker',
  'provider_balance',
  'account_cap',
]);

/** A chunk that this worker may send, once: its intent is committed. */
export interface Claimed {
  readonly kind: 'claimed';
  readonly loaded: LoadedSubmit;
  readonly claim: SubmitClaim;
  readonly account: Account;
  readonly offer: CheckOffer;
  readonly wait_ms: number;
}
export type Looked =
  | Claimed
  | { readonly kind: 'gone' | 'waiting' | 'blocked' }
  | {
      readonly kind: 'ask_balance';
      readonly loaded: LoadedSubmit;
      readonly account: Account;
      readonly amount: Money;
    };

/**
 * Looks whether a chunk may be sent now, and claims it if so: one transaction under the account's lock. `balanceIsFine`: the
 * balance was asked for, or this is the one probe.
 */
export async function claimUpload(
  equipment: Equipment,
  chunkId: string,
  signal: AbortSignal,
  balanceIsFine: boolean,
): Promise<Looked> {
  // What begins now might have to be cut off in the middle.
  if (equipment.stopping.aborted) return { kind: 'waiting' };
  const attemptId = newId('attempt');
  try {
    return await look(equipment, chunkId, attemptId, balanceIsFine);
  } catch (error) {
    // The reply to the COMMIT may be lost. Nothing was sent under this attempt, and only this process knows.
    await storePatiently(equipment.log, signal, () => releaseUnsent(equipment, attemptId));
    throw error;
  }
}

async function releaseUnsent(equipment: Equipment, attemptId: AttemptId): Promise<void> {
  await equipment.db.transaction('submit.release_unsent', async (tx) => {
    const found = await findIntent(tx, attemptId);
    if (found === null) return;
    const { now_ms } = await answerFacts(tx, found.jobId);
    await settleSubmit(tx, found, notSent('claim_unconfirmed', Date.now()), {
      kind: 'retry',
      due_ms: now_ms,
      reason: 'claim_unconfirmed',
    });
  });
}

/** What we know without having spoken to the provider: nothing left this process. */
export function notSent(reason: string, startedAt_ms: number): SubmitAnswer {
  return {
    kind: 'not_sent',
    reason,
    evidence: {
      operation: 'submit',
      startedAt_ms,
      duration_ms: Date.now() - startedAt_ms,
      headersSent: false,
      sentBody: null,
      httpStatus: null,
      bodyExcerpt: null,
      rawBody: null,
      transportError: reason,
    },
  };
}

function capPeriodOf(account: Account | undefined): CapPeriod {
  if ((account?.monthlyCap ?? null) !== null) return 'month';
  return (account?.dailyCap ?? null) === null ? 'none' : 'day';
}

async function look(
  equipment: Equipment,
  chunkId: string,
  attemptId: AttemptId,
  balanceIsFine: boolean,
): Promise<Looked> {
  const { db, log, times, accounts } = equipment;
  return db.transaction('submit.claim', async (tx): Promise<Looked> => {
    const loaded = await loadSubmit(tx, chunkId, (id) => capPeriodOf(accounts.accounts.get(id)));
    if (loaded === null) return { kind: 'gone' };
    const offered = offerOf(equipment, loaded.account, loaded.checkName);
    // Another process may know a newer accounts file; this one must not send what it does not know.
    if (offered === null) return { kind: 'waiting' };
    const { account, offer } = offered;
    const { chunk } = loaded.facts;
    const line = { job: loaded.jobId, chunk: chunkId, account: loaded.account };
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
        if (decision.reason !== 'job_ceiling' && decision.reason !== 'approval_ceiling') {
          await blockReady(tx, loaded.account, decision.reason, decision.due_ms);
        }
        // One look is enough for all that wait for the same.
        if (decision.due_ms !== null && looksOnceAnAccount.has(decision.reason)) {
          await postponeBlocked(tx, loaded.account, decision.reason, decision.due_ms);
        }
        log.warn('chunk.blocked', { ...line, reason: decision.reason });
        return { kind: 'blocked' };
      case 'claim': {
        if (chunk.state === 'blocked') {
          log.info('chunk.unblocked', { ...line, reason: chunk.reason ?? undefined });
          await unblockChunk(tx, chunkId, loaded.fence);
          // What is gone for one is gone for all of them; a probe for money goes alone.
          if (
            chunk.reason !== null &&
            !(chunk.reason === 'breaker' && decision.breakerCanary) &&
            chunk.reason !== 'provider_balance' &&
            chunk.reason !== 'job_ceiling' &&
            chunk.reason !== 'approval_ceiling'
          ) {
            await unblockAccount(tx, loaded.account, [chunk.reason]);
          }
        }
        const claimed = await claimSubmit(tx, loaded, {
          id: attemptId,
          providerOrigin: originOf(account),
          pricePerNumber: offer.pricePerNumber,
          amount: decision.amount,
          currency: account.currency,
          lease_ms: times.lease_ms,
        });
        if (decision.breakerCanary) {
          await startCanary(tx, account.id, attemptId);
          log.warn('account.breaker_canary', { ...line, attempt: attemptId });
        }
        const wait_ms = await reserveRequest(tx, account.id, account.pace.requestsPerSecond);
        return { kind: 'claimed', loaded, claim: claimed, account, offer, wait_ms };
      }
    }
  });
}

/**
 * Asks whether the provider has money for us again. True: this chunk may be sent, as the one probe. Where the balance is told and
 * suffices, the others follow at once; where it cannot be told, they wait for the probe.
 */
export async function askBalance(
  equipment: Equipment,
  loaded: LoadedSubmit,
  account: Account,
  needed: Money,
): Promise<boolean> {
  const { db, log } = equipment;
  const later_ms = loaded.facts.now_ms + balanceWait_ms;
  const mine = await db.transaction('submit.take_balance_look', (tx) =>
    takeBalanceLook(tx, account.id, loaded.chunkId, later_ms),
  );
  if (!mine) return false;
  await delay(
    await db.transaction('submit.reserve_request', (tx) =>
      reserveRequest(tx, account.id, account.pace.requestsPerSecond),
    ),
  );
  const answer = await equipment.providerOf(account).balance();
  const balance = answer.kind === 'balance' ? parseMoney(answer.amount) : null;
  return db.transaction('submit.keep_balance', async (tx) => {
    if (balance === null) {
      // What was told before may be outdated, and must not stop what nobody can ask about any more.
      await forgetBalance(tx, account.id);
      return unblockChunk(tx, loaded.chunkId, loaded.fence);
    }
    await recordBalance(tx, account.id, balance);
    log.info('account.balance', { account: account.id });
    if (balance < needed) return false;
    await unblockAccount(tx, account.id, ['provider_balance']);
    return true;
  });
}
