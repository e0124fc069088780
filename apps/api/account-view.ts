import type { Account as AccountView } from '@rollcall/contract';
import type {
  AccountHealthRow,
  AccountMoneyRow,
  CapsRow,
  OpenChunksRow,
  TroubleRow,
  UnpaidRow,
} from '@rollcall/db';
import {
  type Account,
  formatMoney,
  type Money,
  noMoney,
  parseMoney,
  uploadsAllowed,
} from '@rollcall/domain';
import { breakerOf } from './breaker-view.ts';
import { shortAmount } from './job-view.ts';
import { topUpOf } from './top-up-view.ts';

/** All that is shown of one account; what nobody knows yet is null. */
export interface AccountFacts {
  readonly configured: Account;
  /** Whether the tenant that asks is the one that may pause, resume and confirm it. */
  readonly isOperator: boolean;
  /** Null: no worker has read this account yet. The notes are null to whoever does not operate it. */
  readonly health: AccountHealthRow | null;
  readonly chunks: readonly OpenChunksRow[];
  readonly money: AccountMoneyRow | null;
  /** Null: it has no cap, or no worker has read it yet. */
  readonly counted: CapsRow | null;
  readonly trouble: TroubleRow | null;
  readonly unpaid: readonly UnpaidRow[];
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
      written_off: shortAmount(money?.written_off ?? '0'),
      committed_today: shortAmount(money?.committed_today ?? '0'),
      committed_this_month: shortAmount(money?.committed_this_month ?? '0'),
      daily_cap: configured.dailyCap === null ? null : formatMoney(configured.dailyCap),
      monthly_cap: configured.monthlyCap === null ? null : formatMoney(configured.monthlyCap),
      ...capsOf(facts),
    },
    top_up: topUpOf(facts),
    last_error: trouble && {
      at: trouble.at.toISOString(),
      operation: trouble.operation,
      verdict: trouble.verdict,
      http_status: trouble.http_status,
      transport_error: trouble.transport_error,
    },
    last_resumed: health?.resumedAt
      ? { at: health.resumedAt.toISOString(), note: health.resumedNote }
      : null,
    semantics_confirmed: health?.semanticsConfirmed ?? configured.semanticsConfirmed,
    semantics_confirmation: health?.semanticsConfirmedAt
      ? { at: health.semanticsConfirmedAt.toISOString(), note: health.semanticsNote }
      : null,
    breaker: breakerOf(health),
    links: {
      self: `/v1/accounts/${configured.id}`,
      holds: `/v1/holds?account=${configured.id}`,
    },
  };
}

/** Whether a job sent to it now would go out. */
export function isAvailable(health: AccountHealthRow | null): boolean {
  return health !== null && health.pausedReason === null && health.breaker.state !== 'open';
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

const adviceToOthers =
  'Another tenant operates it, and resumes it when that is over. What is yours there waits, and goes on by itself then.';

const openedBy = {
  unknown_uploads: 'Three uploads ended unknown within ten minutes',
  unreadable_answer: 'It took an upload with an answer that nobody can read',
  canary_unknown: 'It was tried again with one upload, which ended unknown too',
} as const;

function stopOf(facts: AccountFacts): Pick<AccountView, 'state' | 'advice'> {
  const { configured, health, isOperator } = facts;
  if (health === null) {
    const advice = 'No worker has read it yet: start one with the same accounts file.';
    return { state: 'limited', advice };
  }
  if (health.pausedReason !== null) {
    const advice = isOperator ? pauseAdvice[health.pausedReason] : adviceToOthers;
    return { state: 'paused', advice };
  }
  if (health.breaker.state === 'open') {
    const held =
      chunksIn(facts, 'held') > 0 ? 'decide on the held chunks' : 'nothing of it is held';
    const advice = `${openedBy[health.breaker.why]}: look at the provider, ${held}. One upload goes at \`breaker.resets_at\` to see whether it is well again; ${isOperator ? 'resume it' : 'have it resumed'} to send at once.`;
    return { state: 'breaker_open', advice };
  }
  if (health.breaker.state === 'half_open') {
    const advice =
      'It had been stopped after uploads in doubt. One upload goes, and the others follow when the provider takes it.';
    return { state: 'breaker_half_open', advice };
  }
  if (health.breaker.state === 'limited') {
    const held = chunksIn(facts, 'held') > 0 ? 'Decide on what is held.' : 'Nothing of it is held.';
    const advice = `An upload ended unknown, so that it sends one at a time until \`breaker.resets_at\`. ${held}`;
    return { state: 'limited', advice };
  }
  const topUp = topUpOf(facts);
  if (topUp !== null) {
    const advice = `The provider has no money of ours left: pay in at least ${topUp.needed} ${configured.currency}. It is asked again within two minutes, or at once when the account is resumed.`;
    return { state: 'limited', advice };
  }
  if (blockedFor(facts, 'account_cap') > 0) {
    const advice =
      'Its daily or monthly cap is used up: it goes on when the day or the month (UTC) is over, or with a higher cap.';
    return { state: 'limited', advice };
  }
  return { state: 'ready', advice: null };
}

/** What counts against its caps, and what they have room for still. */
function capsOf({ configured, counted }: AccountFacts) {
  const day = roomUnder(configured.dailyCap, counted?.today);
  const month = roomUnder(configured.monthlyCap, counted?.this_month);
  return {
    counted_today: day.counted,
    counted_this_month: month.counted,
    daily_cap_left: day.left,
    monthly_cap_left: month.left,
  };
}

function roomUnder(cap: Money | null, counted = '0') {
  if (cap === null) return { counted: null, left: null };
  const used = parseMoney(counted) ?? noMoney;
  const left = used < cap ? cap - used : noMoney;
  return { counted: formatMoney(used), left: formatMoney(left as Money) };
}

/** What `decideSubmit` allows. */
function uploadsAtOnce(configured: Account, health: AccountHealthRow | null): number {
  if (health === null || health.pausedReason !== null) return 0;
  return uploadsAllowed(health.breaker, configured.pace.uploadsInFlight);
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
