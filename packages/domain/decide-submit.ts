import { type Account, type CheckOffer, isAccountOf } from './account.ts';
import { fitsUnder } from './attempt.ts';
import { backoff_ms } from './backoff.ts';
import { type Breaker, uploadsAllowed } from './breaker.ts';
import type { BlockedReason } from './chunk.ts';
import { type LearnedLimits, limitAfterRefusal } from './chunking.ts';
import type { JobState } from './job.ts';
import { type Money, priceOf } from './money.ts';
import { firstWait_ms } from './paced-wait.ts';
import type { SubmitAnswer, UnknownReason } from './provider-answer.ts';
import type { TaskPace } from './task-pace.ts';

/** The submit stage decides twice: whether a chunk may be sent now, and what the provider's answer makes of it. */

export interface SubmitFacts {
  readonly now_ms: number;
  /** Whose chunk it is, by name. */
  readonly tenant: string;
  readonly chunk: {
    readonly state: 'ready' | 'blocked';
    readonly reason: BlockedReason | null;
    readonly due_ms: number | null;
    readonly numbers: number;
  };
  readonly job: {
    readonly state: JobState;
    /** ISO 4217; `maxCost` and `spent` are in it. */
    readonly currency: string;
    readonly maxCost: Money | null;
    readonly spent: Money;
  };
  readonly account: {
    readonly pausedReason: 'operator' | 'auth' | 'actual_above_price' | null;
    readonly uploadsInFlight: number;
    /** As it is now (`breakerNow`). */
    readonly breaker: Breaker;
    /** Whether there is a task that the provider took and does not begin for want of money. */
    readonly awaitingPayment: boolean;
    /** What the provider told last, less what was reserved since and not given back; null where it told none lately. */
    readonly balance: { readonly left: Money; readonly told_ms: number } | null;
    /** What was reserved in this UTC day and month and not given back, and when they end. */
    readonly spentToday: Money;
    readonly dayEnds_ms: number;
    readonly spentThisMonth: Money;
    readonly monthEnds_ms: number;
    /** In what it was reserved; none where nothing was. */
    readonly currencies: readonly string[];
    readonly nextRequest_ms: number;
  };
  /** What a person allowed for paying again, where this chunk was paid for or may have been; else null. */
  readonly approvedCeiling: Money | null;
  readonly configured: Account;
  readonly offer: CheckOffer;
}

export type SubmitDecision =
  /** `breakerCanary`: it is the one upload of a half-open breaker, and goes alone. */
  | { readonly kind: 'claim'; readonly amount: Money; readonly breakerCanary: boolean }
  | { readonly kind: 'block'; readonly reason: BlockedReason; readonly due_ms: number | null }
  /** The provider has, or had, no money for us: ask for the balance before trying again. */
  | { readonly kind: 'ask_balance'; readonly amount: Money }
  /** Nothing changes: the slot or the pace of the account is used up, or the job does not run. */
  | { readonly kind: 'wait'; readonly why: 'job' | 'slots' | 'pace' | 'not_due' };

/** A claimed chunk may wait this long for its turn; further ahead nothing is claimed. */
const paceWaitMax_ms = 2_000;

/** While the canary of a half-open breaker is on the wire, the others look again after so long; what becomes of it wakes them before. */
const canaryLook_ms = 30_000;

export function decideSubmit(facts: SubmitFacts): SubmitDecision {
  const { chunk, job, account, configured, now_ms } = facts;
  if (job.state !== 'running') return { kind: 'wait', why: 'job' };
  // A block without a time is lifted by what ends its reason (which sets a time), never by a doorbell.
  if (chunk.due_ms === null || chunk.due_ms > now_ms) return { kind: 'wait', why: 'not_due' };
  // The accounts file is read at a start: another process may have read one that gives it back.
  if (!isAccountOf(configured, facts.tenant)) {
    return { kind: 'block', reason: 'account_withdrawn', due_ms: now_ms + 3_600_000 };
  }
  if (account.pausedReason !== null) {
    return {
      kind: 'block',
      reason: account.pausedReason === 'auth' ? 'auth' : 'account_paused',
      due_ms: null,
    };
  }
  const { breaker } = account;
  if (breaker.state === 'open') {
    return { kind: 'block', reason: 'breaker', due_ms: breaker.until_ms };
  }
  // Nothing that began before the breaker opened may still be on the wire when its canary goes.
  if (breaker.state === 'half_open' && (breaker.canary !== null || account.uploadsInFlight > 0)) {
    return { kind: 'block', reason: 'breaker', due_ms: now_ms + canaryLook_ms };
  }
  const amount = priceOf(facts.offer.pricePerNumber, chunk.numbers);
  const { maxCost } = job;
  // Sums in another currency cannot be compared: what cannot be told counts as too much.
  if (maxCost !== null && job.currency !== configured.currency) {
    return { kind: 'block', reason: 'job_ceiling', due_ms: null };
  }
  if (!fitsUnder(maxCost, job.spent, amount)) {
    return { kind: 'block', reason: 'job_ceiling', due_ms: null };
  }
  const capped = capReached(facts, amount);
  if (capped !== null) return { kind: 'block', reason: 'account_cap', due_ms: capped.until_ms };
  // The price has risen since a person approved paying again: not what they agreed to. Looked at again in an hour.
  if (facts.approvedCeiling !== null && amount > facts.approvedCeiling) {
    return { kind: 'block', reason: 'approval_ceiling', due_ms: now_ms + 3_600_000 };
  }
  if (account.uploadsInFlight >= uploadsAllowed(breaker, configured.pace.uploadsInFlight)) {
    return { kind: 'wait', why: 'slots' };
  }
  // What it took waits for money: the next upload would too. Its polls tell when there is some.
  if (account.awaitingPayment) {
    return { kind: 'block', reason: 'provider_balance', due_ms: now_ms + balanceWait_ms };
  }
  if (chunk.reason === 'provider_balance') return { kind: 'ask_balance', amount };
  // It would be refused. What was told may be outdated, so the next look asks anew: at once, or a wait after the last one.
  if (account.balance !== null && account.balance.left < amount) {
    const due_ms = Math.max(now_ms, account.balance.told_ms + balanceWait_ms);
    return { kind: 'block', reason: 'provider_balance', due_ms };
  }
  if (account.nextRequest_ms > now_ms + paceWaitMax_ms) return { kind: 'wait', why: 'pace' };
  return { kind: 'claim', amount, breakerCanary: breaker.state === 'half_open' };
}

/** Whether the account's caps have no room for this amount, and until when; the month's before the day's, since it lasts longer. */
function capReached(
  { account, configured }: SubmitFacts,
  amount: Money,
): { readonly until_ms: number } | null {
  const { dailyCap, monthlyCap, currency } = configured;
  if (dailyCap === null && monthlyCap === null) return null;
  if (account.currencies.some((each) => each !== currency)) {
    return { until_ms: monthlyCap === null ? account.dayEnds_ms : account.monthEnds_ms };
  }
  if (!fitsUnder(monthlyCap, account.spentThisMonth, amount)) {
    return { until_ms: account.monthEnds_ms };
  }
  return fitsUnder(dailyCap, account.spentToday, amount) ? null : { until_ms: account.dayEnds_ms };
}

/** Free refusals and unsent tries of one chunk before it is rejected; with the waits below that is over an hour. */
export const freeTriesMax = 20;
const freeTryWait = { floor_ms: 2_000, ceiling_ms: 300_000 };
/** How long a chunk that met an empty balance waits for the next look: one cheap call, or one probe, for the whole account. */
export const balanceWait_ms = 120_000;

export interface AnsweredFacts {
  readonly now_ms: number;
  readonly random: number;
  readonly numbers: number;
  readonly freeTries: number;
  readonly jobCancelled: boolean;
  /** What was learned of tasks like it; null where nothing was. */
  readonly pace: TaskPace | null;
  readonly configured: Account;
  readonly offer: CheckOffer;
}

export type SubmitResult =
  | { readonly kind: 'accepted'; readonly due_ms: number; readonly deadline_ms: number }
  /** `isOurs`: what stopped it came from this side, so it is no try, however often it comes. */
  | {
      readonly kind: 'retry';
      readonly due_ms: number;
      readonly reason: string;
      readonly isOurs?: true;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'rejected'; readonly reason: string }
  | {
      readonly kind: 'blocked';
      readonly reason: 'provider_balance' | 'auth';
      readonly due_ms: number | null;
    }
  | { readonly kind: 'replan'; readonly learned: LearnedLimits }
  | {
      readonly kind: 'held';
      readonly reason: UnknownReason;
      /** The key was refused: nothing more is sent with it, though nobody says that this answer was free. */
      readonly keyRefused: boolean;
    };

export function decideAnswered(answer: SubmitAnswer, facts: AnsweredFacts): SubmitResult {
  switch (answer.kind) {
    case 'accepted':
      return {
        kind: 'accepted',
        due_ms: facts.now_ms + firstWait_ms(facts.pace, facts.numbers, facts.configured.poll),
        deadline_ms: facts.now_ms + facts.configured.poll.deadline_ms,
      };
    case 'unknown':
      return {
        kind: 'held',
        reason: answer.reason,
        keyRefused: answer.evidence.httpStatus === 401,
      };
    case 'not_sent':
      if (answer.reason === 'list_changed' && !facts.jobCancelled) {
        return { kind: 'retry', due_ms: facts.now_ms, reason: answer.reason, isOurs: true };
      }
      return again(facts, `not sent: ${answer.reason}`, null);
    case 'refused_free':
      break;
  }
  if (facts.jobCancelled) return { kind: 'cancelled' };
  switch (answer.refusal) {
    case 'caller_fault':
      return { kind: 'rejected', reason: answer.message ?? 'the provider refused the upload' };
    case 'auth':
      return { kind: 'blocked', reason: 'auth', due_ms: null };
    case 'no_money':
      return {
        kind: 'blocked',
        reason: 'provider_balance',
        due_ms: facts.now_ms + balanceWait_ms,
      };
    case 'batch_size':
      return {
        kind: 'replan',
        learned: limitAfterRefusal(facts.numbers, answer.limit, facts.offer),
      };
    case 'rate_limited':
    case 'transient':
      return again(facts, answer.message ?? answer.refusal, answer.retryAfter_ms);
  }
}

function again(facts: AnsweredFacts, reason: string, retryAfter_ms: number | null): SubmitResult {
  if (facts.jobCancelled) return { kind: 'cancelled' };
  if (facts.freeTries + 1 >= freeTriesMax) {
    return { kind: 'rejected', reason: `${freeTriesMax} tries, none charged; the last: ${reason}` };
  }
  const wait_ms = backoff_ms(facts.freeTries, freeTryWait, facts.random);
  return { kind: 'retry', due_ms: facts.now_ms + Math.max(wait_ms, retryAfter_ms ?? 0), reason };
}
