import { createHash } from 'node:crypto';
import type { ResolvedHolds, ResolveHolds } from '@rollcall/contract';
import { anyHold, type ApiKey, type HoldFilter, type HoldRow, openHoldBatch } from '@rollcall/db';
import { type ChunkId, formatMoney, parseId } from '@rollcall/domain';
import { ceilingOf, misfitOf, missingScope } from './asked-decision.ts';
import {
  addSums,
  findHolds,
  foreseen,
  type FoundHolds,
  type Outcome,
  type Sums,
  sumsOfOutcomes,
} from './find-holds.ts';
import { type Refusal, refuse } from './refusal.ts';
import { type Desk, resolveHold } from './resolve-hold.ts';

/** Holds of one call, and how long it may take: what is left is said, and the same call goes on with it. */
const bulkBounds = { holds_max: 1_000, decideFor_ms: 20_000 };
/** Each decision is a transaction under its job's lock; more at once would only wait there, and take the pool from others. */
const decisionsAtOnce = 4;

export interface BulkAsked {
  readonly key: ApiKey;
  readonly body: ResolveHolds;
  readonly idempotencyKey: string | undefined;
}

export type BulkResolved = { readonly kind: 'resolved'; readonly answer: ResolvedHolds } | Refusal;

/**
 * One decision on all holds that a filter names, each chunk in a transaction of its own and exactly as if it had been decided alone. Sent again
 * under its Idempotency-Key it decides on what is left of what was held when it was sent first, and tells the rest again: its ceiling is for
 * all of them.
 */
export async function resolveHolds(
  desk: Desk,
  asked: BulkAsked,
  bounds: typeof bulkBounds = bulkBounds,
): Promise<BulkResolved> {
  const { database } = desk;
  const { key, body } = asked;
  const isDry = body.dry_run === true;
  const misfit = isDry
    ? unlessCeilingLacks(misfitOf(body))
    : (misfitOf(body) ?? missingScope(key, body) ?? keyless(asked));
  if (misfit) return misfit;

  let filter = filterOf(body);
  const batchKey = isDry ? null : (asked.idempotencyKey ?? null);
  if (batchKey !== null) {
    const batch = await openHoldBatch(database, key.tenantId, batchKey, fingerprintOf(body));
    if (batch.kind === 'other_body') return refuse('idempotency_key_reused');
    const { heldBefore } = filter;
    const isEarlier = heldBefore !== null && heldBefore < batch.openedAt;
    filter = { ...filter, heldBefore: isEarlier ? heldBefore : batch.openedAt };
  }
  const { tenantId } = key;
  const { decision } = body;
  const { holds_max } = bounds;
  const found = await findHolds(desk, { tenantId, filter, decision, batchKey, holds_max });
  const matched = found.before.length + found.holds.length + found.laterCount + found.unfitCount;
  const differs = found.before.length === 0 ? otherCount(body, matched) : null;
  const planned = found.holds.map((hold) => foreseen(desk, decision, hold));
  const inAll = addSums(sumsOfOutcomes([...found.before, ...planned]), found.later);
  const refusal = differs ?? tooDear(body, inAll);
  if (refusal) return refusal;

  const answer = isDry
    ? plannedOf(found, planned, inAll)
    : decidedOf(found, await decideEach(desk, asked, found.holds, bounds.decideFor_ms));
  return {
    kind: 'resolved',
    answer: {
      decision,
      dry_run: isDry,
      matched,
      ...answer,
      outcomes: [...answer.outcomes, ...found.unfit],
    },
  };
}

type Counted = Omit<ResolvedHolds, 'decision' | 'dry_run' | 'matched'>;

/** Of a dry run: all that would be decided, by as many calls as it takes. */
function plannedOf(found: FoundHolds, planned: readonly Outcome[], inAll: Sums): Counted {
  return {
    decided: planned.length + found.laterCount,
    repeated: 0,
    refused: found.unfitCount,
    remaining: 0,
    money: moneyOf(inAll),
    outcomes: [...planned],
  };
}

function decidedOf(found: FoundHolds, outcomes: readonly Outcome[]): Counted {
  const all = [...found.before, ...outcomes];
  const decided = all.filter(({ outcome }) => outcome !== 'refused');
  return {
    decided: decided.length,
    repeated: decided.filter(({ repeated }) => repeated).length,
    refused: all.length - decided.length + found.unfitCount,
    remaining: found.holds.length - outcomes.length + found.laterCount,
    money: moneyOf(sumsOfOutcomes(decided)),
    outcomes: all,
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

/** One ceiling is one currency, and covers all that its key decides on: before, now and in later calls. A dry run is held to the one that it names. */
function tooDear(body: ResolveHolds, inAll: Sums): Refusal | null {
  if (body.decision !== 'pay_again' || body.cost_ceiling === undefined) return null;
  const [sum, ...others] = inAll;
  if (others.length > 0) {
    const message = `names holds in ${[...inAll.keys()].join(' and ')}: pay again in one currency at a time`;
    return refuse('invalid_request', { errors: [{ in: 'body', pointer: '/filter', message }] });
  }
  if (!sum) return null;
  const [currency, cost] = sum;
  const ceiling = ceilingOf(body);
  if (cost <= ceiling) return null;
  return refuse('cost_ceiling_too_low', {
    money: { currency, cost: formatMoney(cost), max_cost: formatMoney(ceiling) },
  });
}

/** Decides on one after the other, some at once, as long as there is time. */
async function decideEach(
  desk: Desk,
  asked: BulkAsked,
  holds: readonly HoldRow[],
  decideFor_ms: number,
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
  const seen = foreseen(desk, body.decision, hold);
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
  if (resolved.kind === 'refused') return { ...seen, outcome: 'refused', code: resolved.code };
  const { repeated, chunk, decision } = resolved;
  // Decided alike by somebody else meanwhile: neither the decision nor its money is of this call. Under our key it is.
  if (repeated && (idempotencyKey === undefined || decision.batch_key !== idempotencyKey)) {
    return { ...seen, outcome: 'refused', code: 'not_held' };
  }
  return { ...seen, outcome: 'decided', repeated, state: chunk.state as Outcome['state'] };
}

function moneyOf(sums: Sums): ResolvedHolds['money'] {
  return [...sums].map(([currency, amount]) => ({ currency, amount: formatMoney(amount) }));
}
