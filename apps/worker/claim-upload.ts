import {
  answerFacts,
  askForReplan,
  blockChunk,
  blockReady,
  bookTurn,
  type CapPeriod,
  type Closing,
  claimSubmit,
  closeUnsendable,
  findIntent,
  type HeldNumbers,
  type LoadedSubmit,
  loadSubmit,
  originOf,
  postponeBlocked,
  readLearnedLimits,
  reserveRequest,
  type SubmitClaim,
  settleSubmit,
  startCanary,
  type Transaction,
  together,
  unblockAccount,
  unblockChunk,
} from '@rollcall/db';
import {
  type Account,
  type AttemptId,
  type CheckOffer,
  decideSubmit,
  effectiveLimits,
  type Money,
  type SubmitAnswer,
  type SubmitDecision,
} from '@rollcall/domain';
import { type Equipment, newId, offerOf } from './equipment.ts';
import { holdToList, leaveToLater, numbersOf, passesList } from './hold-to-list.ts';
import { storePatiently } from './store-patiently.ts';

/** Blocks whose time is the account's, the same for all of its chunks. */
const looksOnceAnAccount: ReadonlySet<string> = new Set([
  'breaker',
  'provider_balance',
  'account_cap',
]);

/** Blocks that say nothing about other chunks of the account: of a job, of an approval, of a tenant. */
const notOfAccount: ReadonlySet<string> = new Set([
  'job_ceiling',
  'approval_ceiling',
  'account_withdrawn',
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
  | { readonly kind: 'gone' | 'waiting' | 'blocked' | 'cancelled' }
  | {
      readonly kind: 'ask_balance';
      readonly loaded: LoadedSubmit;
      readonly account: Account;
      readonly amount: Money;
    };

/**
 * Looks whether a chunk may be sent now, and claims it if so: one transaction under the account's lock. `balanceIsFine`: the
 * balance was asked for, or this is the one probe. `inTurn`: instead of this one, another chunk of its account.
 */
export async function claimUpload(
  equipment: Equipment,
  chunkId: string,
  signal: AbortSignal,
  balanceIsFine: boolean,
  inTurn?: InTurn,
): Promise<Looked> {
  // What begins now might have to be cut off in the middle.
  if (equipment.stopping.aborted) return { kind: 'waiting' };
  const attemptId = newId('attempt');
  let numbers: HeldNumbers | null = null;
  let asked: Asked = { chunkId, inTurn };
  try {
    for (let looks = 1; ; looks += 1) {
      const looked = await look(equipment, asked, attemptId, balanceIsFine, numbers);
      if (looked.kind !== 'hold_to_list') return looked;
      asked = { chunkId: looked.loaded.chunkId };
      if (looks === looksMax) {
        await leaveToLater(equipment, looked.loaded);
        return { kind: 'waiting' };
      }
      numbers ??= await numbersOf(equipment, looked.loaded);
      if (!(await holdToList(equipment, looked.loaded, numbers))) return { kind: 'waiting' };
    }
  } catch (error) {
    // The reply to the COMMIT may be lost. Nothing was sent under this attempt, and only this process knows.
    await storePatiently(equipment.log, signal, () => releaseUnsent(equipment, attemptId));
    throw error;
  }
}

/** After the first look a list keeps the chunk only by a number of its own, and each such number is one less. */
const looksMax = 5;

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

/** Which chunk of an account is looked at, under the account's lock. */
export interface InTurn {
  readonly account: string;
  choose(tx: Transaction): Promise<string>;
}

interface Asked {
  readonly chunkId: string;
  readonly inTurn?: InTurn | undefined;
}

async function look(
  equipment: Equipment,
  { chunkId: askedFor, inTurn }: Asked,
  attemptId: AttemptId,
  balanceIsFine: boolean,
  numbers: HeldNumbers | null,
): Promise<Looked | { readonly kind: 'hold_to_list'; readonly loaded: LoadedSubmit }> {
  const { db, log, times, accounts } = equipment;
  return db.transaction('submit.claim', async (tx) => {
    const loaded = await loadSubmit(
      tx,
      askedFor,
      (id) => capPeriodOf(accounts.accounts.get(id)),
      inTurn && { account: inTurn.account, choose: () => inTurn.choose(tx) },
    );
    if (loaded === null) return { kind: 'gone' };
    const { chunkId } = loaded;
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
        if (!notOfAccount.has(decision.reason)) {
          await blockReady(tx, loaded.account, decision.reason, decision.due_ms);
        }
        // One look is enough for all that wait for the same.
        if (decision.due_ms !== null && looksOnceAnAccount.has(decision.reason)) {
          await postponeBlocked(tx, loaded.account, decision.reason, decision.due_ms);
        }
        log.warn('chunk.blocked', { ...line, reason: decision.reason });
        return { kind: 'blocked' };
      case 'claim': {
        if (!loaded.isListTheSame && !(await passesList(tx, loaded, numbers))) {
          return { kind: 'hold_to_list', loaded };
        }
        const left = await leaveWhereTooFew(tx, loaded, offer);
        if (left !== null) {
          if (left.kind === 'blocked') log.warn('chunk.blocked', { ...line, reason: 'replan' });
          else reportNothingLeft(equipment, line, left.closing);
          return { kind: left.kind };
        }
        if (chunk.state === 'blocked') {
          log.info('chunk.unblocked', { ...line, reason: chunk.reason ?? undefined });
          await unblockChunk(tx, chunkId, loaded.fence);
          // What is gone for one is gone for all of them; a probe for money goes alone.
          if (
            chunk.reason !== null &&
            !(chunk.reason === 'breaker' && decision.breakerCanary) &&
            chunk.reason !== 'provider_balance' &&
            !notOfAccount.has(chunk.reason)
          ) {
            await unblockAccount(tx, loaded.account, [chunk.reason]);
          }
        }
        const claiming = claimSubmit(tx, loaded, {
          id: attemptId,
          providerOrigin: originOf(account),
          pricePerNumber: offer.pricePerNumber,
          amount: decision.amount,
          currency: account.currency,
          lease_ms: times.lease_ms,
        });
        const [claim, , wait_ms] = await together(
          claiming,
          decision.breakerCanary ? startCanary(tx, account.id, attemptId) : Promise.resolve(),
          reserveRequest(tx, account.id, account.pace.requestsPerSecond),
          bookTurn(tx, loaded),
        );
        if (decision.breakerCanary)
          log.warn('account.breaker_canary', { ...line, attempt: attemptId });
        return { kind: 'claimed', loaded, claim, account, offer, wait_ms };
      }
    }
  });
}

/**
 * Leaves a chunk that the suppression list or an erasure made too small: one with nothing left ends, and one below what its account takes is
 * cut anew with its neighbours, since numbers are never padded. One that is paid again is what a person approved, however small it is now.
 */
async function leaveWhereTooFew(
  tx: Transaction,
  loaded: LoadedSubmit,
  offer: CheckOffer,
): Promise<
  { readonly kind: 'cancelled'; readonly closing: Closing } | { readonly kind: 'blocked' } | null
> {
  const { numbers } = loaded.facts.chunk;
  if (loaded.leftOut.suppressed + loaded.leftOut.erased === 0) return null;
  if (numbers === 0) {
    return { kind: 'cancelled', closing: await closeUnsendable(tx, loaded) };
  }
  if (loaded.isPaidAgain) return null;
  const learned = await readLearnedLimits(tx, loaded.account, loaded.checkName);
  if (numbers >= effectiveLimits(offer, learned).minNumbers) return null;
  await askForReplan(tx, loaded);
  return { kind: 'blocked' };
}

function reportNothingLeft(
  { log }: Equipment,
  line: { readonly job: string; readonly chunk: string; readonly account: string },
  closing: Closing,
): void {
  log.info('chunk.cancelled', { ...line, reason: 'nothing_left_to_send' });
  if (closing.kind === 'closed') log.info('job.closed', { job: line.job, state_to: closing.state });
  if (closing.kind === 'audit_failed') log.error('job.audit_failed', { job: line.job });
}
