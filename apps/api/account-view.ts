import type { Account as AccountView } from '@rollcall/contract';
import type { AccountHealthRow, AccountMoneyRow, OpenChunksRow, TroubleRow } from '@rollcall/db';
import { type Account, breakerStopsAt, formatMoney } from '@rollcall/domain';
import { shortAmount } from './job-view.ts';

/** All that is shown of one account; what nobody knows yet is null. */
export interface AccountFacts {
  readonly configured: Account;
  /** Null: no worker has read this account yet. */
  readonly health: AccountHealthRow | null;
  readonly chunks: readonly OpenChunksRow[];
  readonly money: AccountMoneyRow | null;
  readonly trouble: TroubleRow | null;
}

export function accountOf(facts: AccountFacts): AccountView {
  const { configured, health, money, trouble } = facts;
  const stopped = stopOf(facts);
  return {
    id: configured.id,
    adapter: configured.adapter,
    state: stopped.state,
    advice: stopped.advice,
    paused:
      health?.pausedReason && health.pausedAt
        ? {
            reason: health.pausedReason,
            since: health.pausedAt.toISOString(),
            note: health.pauseNote,
          }
        : null,
    checks: Object.keys(configured.checks).sort(),
    currency: configured.currency,
    balance:
      health?.balance && health.balanceAt
        ? { amount: shortAmount(health.balance), at: health.balanceAt.toISOString() }
        : null,
    uploads: {
      in_flight: health?.uploadsInFlight ?? 0,
      at_once_max: uploadsAtOnce(configured, health),
    },
    chunks: {
      ready: chunksIn(facts, 'ready'),
      submitting: chunksIn(facts, 'submitting'),
      polling: chunksIn(facts, 'polling'),
      ingesting: chunksIn(facts, 'result_ready', 'ingesting'),
      held: chunksIn(facts, 'held'),
      blocked: chunksIn(facts, 'blocked'),
    },
    money: {
      reserved: shortAmount(money?.reserved ?? '0'),
      at_risk: shortAmount(money?.at_risk ?? '0'),
      committed_today: shortAmount(money?.committed_today ?? '0'),
      committed_this_month: shortAmount(money?.committed_this_month ?? '0'),
      daily_cap: configured.dailyCap === null ? null : formatMoney(configured.dailyCap),
    },
    last_error: trouble && {
      at: trouble.at.toISOString(),
      operation: trouble.operation,
      verdict: trouble.verdict,
      http_status: trouble.http_status,
      transport_error: trouble.transport_error,
    },
    semantics_confirmed: health?.semanticsConfirmed ?? configured.semanticsConfirmed,
    semantics_confirmation: health?.semanticsConfirmedAt
      ? { at: health.semanticsConfirmedAt.toISOString(), note: health.semanticsNote }
      : null,
    breaker: {
      unknown_recent: health?.unknownRecent ?? 0,
      resets_at: health?.unknownUntil?.toISOString() ?? null,
    },
    links: {
      self: `/v1/accounts/${configured.id}`,
      holds: `/v1/holds?account=${configured.id}`,
    },
  };
}

/** Whether a job sent to it now would go out. */
export function isAvailable(health: AccountHealthRow | null): boolean {
  return health !== null && health.pausedReason === null && !breakerIsOpen(health);
}

export function breakerIsOpen(health: AccountHealthRow): boolean {
  return health.unknownRecent >= breakerStopsAt;
}

/** Workers read keys once: what to say to whoever resumes an account whose key was refused. */
export const adviceAfterAuth =
  'Its key had been refused. Workers read keys when they start: unless they were restarted with another key since, the next upload is refused again, and the account paused.';

const pauseAdvice = {
  operator: 'A person paused it: `note` says who and why. Resume it when that is over.',
  auth: 'The provider refused its key. Put a valid key in place, restart the workers (they read keys when they start), then resume it.',
  actual_above_price:
    'The provider charged more than the configured price. Correct the price in the accounts file, restart, then resume it.',
} as const;

function stopOf(facts: AccountFacts): Pick<AccountView, 'state' | 'advice'> {
  const { health } = facts;
  if (health === null) {
    const advice = 'No worker has read it yet: start one with the same accounts file.';
    return { state: 'limited', advice };
  }
  if (health.pausedReason !== null) {
    return { state: 'paused', advice: pauseAdvice[health.pausedReason] };
  }
  if (breakerIsOpen(health)) {
    const advice =
      'Several uploads ended unknown: look at the provider, decide on the held chunks. It goes on at `breaker.resets_at`, or when it is resumed.';
    return { state: 'breaker_open', advice };
  }
  if (health.unknownRecent > 0) {
    const advice =
      'An upload ended unknown, so that it sends one at a time until `breaker.resets_at`. Decide on the held chunk.';
    return { state: 'limited', advice };
  }
  if (blockedFor(facts, 'provider_balance') > 0) {
    return { state: 'limited', advice: 'The provider has no money of ours left: top it up.' };
  }
  if (blockedFor(facts, 'account_cap') > 0) {
    const advice = 'Its daily cap is used up: it goes on at 00:00 UTC, or with a higher cap.';
    return { state: 'limited', advice };
  }
  return { state: 'ready', advice: null };
}

/** What `decideSubmit` allows: one at a time after an unknown outcome, none while it is stopped. */
function uploadsAtOnce(configured: Account, health: AccountHealthRow | null): number {
  if (!isAvailable(health)) return 0;
  return health !== null && health.unknownRecent > 0 ? 1 : configured.pace.uploadsInFlight;
}

function chunksIn({ chunks }: AccountFacts, ...states: readonly string[]): number {
  return sum(chunks.filter(({ state }) => states.includes(state)));
}

function blockedFor({ chunks }: AccountFacts, reason: string): number {
  return sum(chunks.filter((each) => each.state === 'blocked' && each.reason === reason));
}

function sum(rows: readonly OpenChunksRow[]): number {
  return rows.reduce((total, { chunks }) => total + chunks, 0);
}
