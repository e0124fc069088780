import { createHash } from 'node:crypto';
import type { ResolvedHolds, ResolveHolds } from '@rollcall/contract';
import {
  anyHold,
  type ApiKey,
  type HoldFilter,
  type HoldRow,
  listHolds,
  openHoldBatch,
  readBatchDecisions,
  sumHolds,
} from '@rollcall/db';
import { type ChunkId, formatMoney, type Money, parseId, parseMoney } from '@rollcall/domain';
import { allowedOn } from './hold-view.ts';
import { shortAmount } from './job-view.ts';
import { type Refusal, refuse } from './refusal.ts';
import {
  ceilingOf,
  costAgain,
  type Desk,
  misfitOf,
  missingScope,
  resolveHold,
} from './resolve-hold.ts';

/** Holds of one call, and how long it may take: what is left is said, and another call goes on. */
const holds_max = 1_000;
const decideFor_ms = 20_000;
/** Each decision is a transaction under its job's lock; more at once would only wait there, and take the pool from others. */
const decisionsAtOnce = 4;

export interface BulkAsked {
  readonly key: ApiKey;
  readonly body: ResolveHolds;
  readonly idempotencyKey: string | undefined;
}

export type BulkResolved = { readonly kind: 'resolved'; readonly answer: ResolvedHolds } | Refusal;

type Outcome = ResolvedHolds['outcomes'][number];

/**
 * One decision on all holds that a filter names, each chunk in a transaction of its own and exactly as if it had been decided alone. Sent again
 * under its Idempotency-Key it decides what is left, of what was held when it was sent first, and tells the rest again.
 */
export async function resolveHolds(desk: Desk, asked: BulkAsked): Promise<BulkResolved> {
  const { database } = desk;
  const { key, body, idempotencyKey } = asked;
  const isDry = body.dry_run === true;
  const misfit = isDry
    ? unlessCeilingLacks(misfitOf(body))
    : (misfitOf(body) ?? missingScope(key, body) ?? keyless(asked));
  if (misfit) return misfit;

  let filter = filterOf(body);
  if (idempotencyKey !== undefined && !isDry) {
    const batch = await openHoldBatch(database, key.tenantId, idempotencyKey, fingerprintOf(body));
    if (batch.kind === 'other_body') return refuse('idempotency_key_reused');
    const { heldBefore } = filter;
    const isEarlier = heldBefore !== null && heldBefore < batch.openedAt;
    filter = { ...filter, heldBefore: isEarlier ? heldBefore : batch.openedAt };
  }
  const [listed, sums] = await Promise.all([
    listHolds(database, key.tenantId, filter, { after: null, limit: holds_max }),
    sumHolds(database, key.tenantId, filter),
  ]);
  // After the list: what the same call decides meanwhile is in one of the two, and the ceiling is for both.
  const before = await decidedBefore(desk, asked);
  // What this key decided on and what is held again for the same upload had its decision.
  const decidedOn = new Set(before.map((each) => each.attempt_id));
  const holds = listed.filter((hold) => !decidedOn.has(hold.attempt_id));
  const held = sums.reduce((sum, each) => sum + each.chunks, 0) - (listed.length - holds.length);
  const differs = before.length === 0 ? otherCount(body, held) : null;
  const refusal = differs ?? tooDear(desk, body, holds, before);
  if (refusal) return refusal;

  const outcomes = isDry
    ? holds.map((hold) => foreseen(desk, body, hold))
    : await decideEach(desk, asked, holds);
  const all = [...before, ...outcomes];
  const decided = all.filter(({ outcome }) => outcome !== 'refused');
  return {
    kind: 'resolved',
    answer: {
      decision: body.decision,
      dry_run: isDry,
      matched: held + before.length,
      decided: decided.length,
      refused: all.length - decided.length,
      remaining: Math.max(0, held - outcomes.length),
      money: totalsOf(decided),
      outcomes: all,
    },
  };
}

/** A dry run may come before anybody knows the sum: it says what the ceiling must be. */
function unlessCeilingLacks(misfit: Refusal | null): Refusal | null {
  return misfit?.code === 'cost_ceiling_required' ? null : misfit;
}

/** Paying twice is what must not happen by sending a request twice: only the key tells a repetition from a second order. */
function keyless({ body, idempotencyKey }: BulkAsked): Refusal | null {
  if (body.decision !== 'pay_again' || idempotencyKey !== undefined) return null;
  const message = 'is required with pay_again: sent twice under one key, it pays once';
  return refuse('invalid_request', {
    errors: [{ in: 'header', pointer: '/idempotency-key', message }],
  });
}

function filterOf({ filter }: ResolveHolds): HoldFilter {
  return {
    ...anyHold,
    account: filter.account ?? null,
    jobId: filter.job_id ?? null,
    checkName: filter.check ?? null,
    reason: filter.reason ?? null,
    detail: filter.detail ?? null,
    heldBefore: filter.held_before === undefined ? null : new Date(filter.held_before),
  };
}

/** The parsed body, whose fields stand in the order of the schema. */
function fingerprintOf(body: ResolveHolds): Buffer {
  return createHash('sha256').update(JSON.stringify(body)).digest();
}

function otherCount({ expected_count: expected }: ResolveHolds, found: number): Refusal | null {
  if (expected === undefined || expected === found) return null;
  return refuse('expected_count_differs', {
    detail: `The filter names ${found} holds. Nothing was decided: look at them, and name that count if it is right.`,
  });
}

/** One ceiling is one currency, and covers what this key was spent on before. A dry run is held to the ceiling that it names. */
function tooDear(
  desk: Desk,
  body: ResolveHolds,
  holds: readonly HoldRow[],
  before: readonly Outcome[],
): Refusal | null {
  if (body.decision !== 'pay_again' || body.cost_ceiling === undefined) return null;
  const totals = totalsOf([...before, ...holds.map((hold) => foreseen(desk, body, hold))]);
  if (totals.length > 1) {
    const message = `names holds in ${totals.map(({ currency }) => currency).join(' and ')}: pay again in one currency at a time`;
    return refuse('invalid_request', { errors: [{ in: 'body', pointer: '/filter', message }] });
  }
  const [total] = totals;
  if (!total || amountOf(total.amount) <= ceilingOf(body)) return null;
  return refuse('cost_ceiling_too_low', {
    money: {
      currency: total.currency,
      cost: total.amount,
      max_cost: formatMoney(ceilingOf(body)),
    },
  });
}

async function decidedBefore(
  { database }: Desk,
  { key, idempotencyKey, body }: BulkAsked,
): Promise<readonly Outcome[]> {
  if (idempotencyKey === undefined || body.dry_run === true) return [];
  const rows = await readBatchDecisions(database, key.tenantId, idempotencyKey);
  return rows.map((row) => ({
    chunk_id: row.chunk_id,
    job_id: row.job_id,
    attempt_id: row.attempt_id,
    detail: row.detail,
    held_since: row.held_since?.toISOString() ?? null,
    outcome: 'decided',
    code: null,
    // The database knows no other states; the response schema refuses one that it does not know.
    state: row.state as Outcome['state'],
    numbers: row.numbers,
    amount: shortAmount(row.amount),
    currency: row.currency,
  }));
}

function foreseen(desk: Desk, body: ResolveHolds, hold: HoldRow): Outcome {
  const isAllowed = allowedOn(hold).includes(body.decision);
  return {
    chunk_id: hold.chunk_id,
    job_id: hold.job_id,
    attempt_id: hold.attempt_id,
    detail: hold.detail,
    held_since: hold.held_since.toISOString(),
    outcome: isAllowed ? 'would_be_decided' : 'refused',
    code: isAllowed ? null : 'decision_not_allowed',
    state: 'held',
    numbers: hold.numbers,
    amount:
      body.decision === 'pay_again'
        ? formatMoney(costAgain(desk, hold))
        : shortAmount(hold.money_at_risk),
    currency: hold.currency,
  };
}

/** Decides on one after the other, some at once, as long as there is time. */
async function decideEach(
  desk: Desk,
  asked: BulkAsked,
  holds: readonly HoldRow[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const until = performance.now() + decideFor_ms;
  let next = 0;
  const decideOn = async () => {
    while (next < holds.length && performance.now() < until) {
      const index = next;
      next += 1;
      const hold = holds[index];
      if (hold) outcomes[index] = await decideOne(desk, asked, hold);
    }
  };
  await Promise.all(Array.from({ length: decisionsAtOnce }, decideOn));
  return outcomes;
}

async function decideOne(desk: Desk, asked: BulkAsked, hold: HoldRow): Promise<Outcome> {
  const { key, body, idempotencyKey } = asked;
  const seen = foreseen(desk, body, hold);
  if (seen.outcome === 'refused') return seen;
  const resolved = await resolveHold(desk, {
    key,
    chunkId: parseId('chunk', hold.chunk_id) as ChunkId,
    body: {
      decision: body.decision,
      reason: body.reason,
      // Of the upload that was counted, and of no later one.
      attempt_id: hold.attempt_id,
      ...(body.decision === 'pay_again' && { cost_ceiling: seen.amount }),
      ...(body.not_charged !== undefined && { not_charged: body.not_charged }),
    },
    ...(idempotencyKey !== undefined && { batchKey: idempotencyKey }),
  });
  return resolved.kind === 'refused'
    ? { ...seen, outcome: 'refused', code: resolved.code }
    : { ...seen, outcome: 'decided', state: resolved.chunk.state as Outcome['state'] };
}

function totalsOf(outcomes: readonly Outcome[]): ResolvedHolds['money'] {
  const sums = new Map<string, Money>();
  for (const { outcome, currency, amount } of outcomes) {
    if (outcome === 'refused') continue;
    sums.set(currency, ((sums.get(currency) ?? 0n) + amountOf(amount)) as Money);
  }
  return [...sums].map(([currency, amount]) => ({ currency, amount: formatMoney(amount) }));
}

function amountOf(text: string): Money {
  const amount = parseMoney(text);
  if (amount === null) throw new Error('an amount of ours is none');
  return amount;
}
