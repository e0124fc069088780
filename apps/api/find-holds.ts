import type { ResolvedHolds, ResolveHolds } from '@rollcall/contract';
import {
  type HoldFilter,
  type HoldRow,
  type HoldTally,
  listBatchHolds,
  readBatchDecisions,
  tallyBatchHolds,
} from '@rollcall/db';
import { factsFitting, formatMoney, type Money, parseMoney } from '@rollcall/domain';
import { allowedOn } from './hold-view.ts';
import { shortAmount } from './job-view.ts';
import { costAgain, type Desk } from './resolve-hold.ts';
import { withdrawnAccounts } from './withdrawn-accounts.ts';

export type Outcome = ResolvedHolds['outcomes'][number];

/** What a filter names, for one call of a decision on many. */
export interface FoundHolds {
  /** What its Idempotency-Key decided on before, however often the call was sent. */
  readonly before: readonly Outcome[];
  /** What this call decides on: those that it fits, the oldest first. */
  readonly holds: readonly HoldRow[];
  /** Of those that it does not fit, as many as there is room for. */
  readonly unfit: readonly Outcome[];
  /** How many more it fits, and what they come to; the next call goes on with them. */
  readonly laterCount: number;
  readonly later: Sums;
  readonly unfitCount: number;
}

/** By currency. */
export type Sums = ReadonlyMap<string, Money>;

/**
 * Reads what a call decides on. What does not fit takes no place of what does, so that sent often enough a call comes to the end of any
 * number of holds.
 */
export async function findHolds(
  desk: Desk,
  asked: {
    readonly tenantId: number;
    readonly filter: HoldFilter;
    readonly decision: ResolveHolds['decision'];
    /** The key under which decisions are kept. Null: of no batch, or nothing is decided. */
    readonly batchKey: string | null;
    readonly holds_max: number;
  },
): Promise<FoundHolds> {
  const { database } = desk;
  const { tenantId, filter, decision, batchKey, holds_max } = asked;
  const batch = { tenantId, filter, key: batchKey };
  const withdrawn: ReadonlySet<string> =
    decision === 'pay_again'
      ? await withdrawnAccounts(database, desk.accounts, tenantId)
      : new Set<string>();
  const fitting = { facts: factsFitting(decision), exceptAccounts: [...withdrawn] };
  const listed = await listBatchHolds(database, batch, { fitting, are: true, limit: holds_max });
  // After the list: what the same call decides meanwhile on another side is in one of the two, and the ceiling is for both.
  const before = batchKey === null ? [] : await decidedBefore(desk, tenantId, batchKey);
  const decidedOn = new Set(before.map((each) => each.attempt_id));
  const holds = listed.filter((hold) => !decidedOn.has(hold.attempt_id));
  const room = holds_max - listed.length;
  const [tallies, unfit] = await Promise.all([
    tallyBatchHolds(
      database,
      batch,
      listed.map((hold) => hold.attempt_id),
    ),
    listBatchHolds(database, batch, { fitting, are: false, limit: room }),
  ]);
  const refusalOf = (hold: HoldTally | HoldRow) => {
    if (!allowedOn(hold).includes(decision)) return 'decision_not_allowed';
    return withdrawn.has(hold.account) ? 'account_withdrawn' : null;
  };
  const fits = (hold: HoldTally) => refusalOf(hold) === null;
  const later = tallies.filter(fits);
  const count = (of: readonly HoldTally[]) => of.reduce((sum, { chunks }) => sum + chunks, 0);
  return {
    before,
    holds,
    unfit: unfit.map((hold) => ({
      ...foreseen(desk, decision, hold),
      outcome: 'refused',
      code: refusalOf(hold),
    })),
    laterCount: count(later),
    later: sumsOf(
      later.map((each) => ({
        currency: each.currency,
        amount: (moneyOf(desk, decision, each) * BigInt(each.chunks)) as Money,
      })),
    ),
    unfitCount: count(tallies) - count(later),
  };
}

async function decidedBefore(
  { database }: Desk,
  tenantId: number,
  batchKey: string,
): Promise<readonly Outcome[]> {
  const rows = await readBatchDecisions(database, tenantId, batchKey);
  return rows.map((row) => ({
    chunk_id: row.chunk_id,
    job_id: row.job_id,
    attempt_id: row.attempt_id,
    detail: row.detail,
    held_since: row.held_since?.toISOString() ?? null,
    outcome: 'decided',
    repeated: true,
    code: null,
    // The database knows no other states; the response schema refuses one that it does not know.
    state: row.state as Outcome['state'],
    numbers: row.numbers,
    amount: shortAmount(row.amount),
    currency: row.currency,
  }));
}

/** What would become of a hold that the decision fits. */
export function foreseen(desk: Desk, decision: ResolveHolds['decision'], hold: HoldRow): Outcome {
  return {
    chunk_id: hold.chunk_id,
    job_id: hold.job_id,
    attempt_id: hold.attempt_id,
    detail: hold.detail,
    held_since: hold.held_since.toISOString(),
    outcome: 'would_be_decided',
    repeated: false,
    code: null,
    state: 'held',
    numbers: hold.numbers,
    amount: formatMoney(moneyOf(desk, decision, hold)),
    currency: hold.currency,
  };
}

/** What a new upload may cost, or what is in doubt. */
function moneyOf(desk: Desk, decision: ResolveHolds['decision'], hold: HoldRow | HoldTally): Money {
  return decision === 'pay_again' ? costAgain(desk, hold) : amountOf(hold.money_at_risk);
}

/** What outcomes come to, those left out that were refused. */
export function sumsOfOutcomes(outcomes: readonly Outcome[]): Sums {
  return sumsOf(
    outcomes
      .filter(({ outcome }) => outcome !== 'refused')
      .map(({ currency, amount }) => ({ currency, amount: amountOf(amount) })),
  );
}

function sumsOf(amounts: Iterable<{ readonly currency: string; readonly amount: Money }>): Sums {
  const sums = new Map<string, Money>();
  for (const { currency, amount } of amounts) {
    sums.set(currency, ((sums.get(currency) ?? 0n) + amount) as Money);
  }
  return sums;
}

export function addSums(one: Sums, other: Sums): Sums {
  const amounts = [...one, ...other].map(([currency, amount]) => ({ currency, amount }));
  return sumsOf(amounts);
}

function amountOf(text: string): Money {
  const amount = parseMoney(text);
  if (amount === null) throw new Error('an amount of ours is none');
  return amount;
}
