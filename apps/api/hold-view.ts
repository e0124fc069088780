import type { HeldDecision, Hold, WholeHold } from '@rollcall/contract';
import type { DecisionRow, EvidenceRow, HeldUploadRow, HoldRow } from '@rollcall/db';
import { allowedDecisions } from '@rollcall/domain';
import { scrub } from '@rollcall/telemetry';
import { shortAmount } from './job-view.ts';

/** A held chunk's row as the contract shows it. */
export function holdOf(row: HoldRow): Hold {
  return {
    chunk_id: row.chunk_id,
    job_id: row.job_id,
    account: row.account,
    check: row.check_name,
    numbers: row.numbers,
    reason: row.reason,
    detail: row.detail,
    attempt_id: row.attempt_id,
    // Of a held chunk it is one of these two; the response schema refuses any other.
    attempt_outcome: row.attempt_outcome as Hold['attempt_outcome'],
    task_id: row.task_id,
    money_at_risk: shortAmount(row.money_at_risk),
    currency: row.currency,
    held_since: row.held_since.toISOString(),
    held_again_at: row.held_again_at?.toISOString() ?? null,
    allowed: [...allowedOn(row)],
  };
}

/** What may be decided on a hold now. */
export function allowedOn(
  row: Pick<HoldRow, 'reason' | 'attempt_outcome' | 'job_state' | 'has_result'>,
): ReturnType<typeof allowedDecisions> {
  return allowedDecisions({
    reason: row.reason,
    attemptOutcome: row.attempt_outcome,
    jobState: row.job_state,
    hasResult: row.has_result,
  });
}

export function wholeHoldOf(
  row: HoldRow,
  upload: HeldUploadRow,
  evidence: readonly EvidenceRow[],
  decisions: readonly DecisionRow[],
): WholeHold {
  return {
    ...holdOf(row),
    upload: uploadOf(upload),
    evidence: evidence.map((exchange) => ({
      ...exchange,
      started_at: exchange.started_at.toISOString(),
      body_excerpt: masked(exchange.body_excerpt),
    })),
    decisions: decisions.map(decisionOf),
  };
}

function uploadOf(row: HeldUploadRow): WholeHold['upload'] {
  return {
    intended_at: row.intended_at.toISOString(),
    started_at: row.upload_started_at?.toISOString() ?? null,
    settled_at: row.settled_at?.toISOString() ?? null,
    headers_sent: row.headers_sent,
    body_bytes: row.body_bytes,
    body_bytes_sent: row.body_bytes_sent,
    http_status: row.http_status,
    transport_error: row.transport_error,
    body_excerpt: masked(row.body_excerpt),
    balance_before: balanceOf(row.balance_before, row.balance_before_at),
    balance_after: balanceOf(row.balance_after, row.balance_after_at),
  };
}

function balanceOf(amount: string | null, at: Date | null) {
  return amount === null || at === null
    ? null
    : { amount: shortAmount(amount), at: at.toISOString() };
}

/** Adapters mask what they keep; this is the second net, for rows that something else wrote. */
function masked(excerpt: string | null): string | null {
  return excerpt === null ? null : scrub(excerpt);
}

export function decisionOf(row: DecisionRow): HeldDecision {
  return {
    decision: row.decision,
    chunk_id: row.chunk_id,
    attempt_id: row.attempt_id,
    decided_by: row.decided_by,
    reason: row.why,
    task_id: row.task_id,
    cost_ceiling: row.cost_ceiling === null ? null : shortAmount(row.cost_ceiling),
    not_charged: row.lifted_to === null ? null : row.lifted_to === 'not_charged',
    at: row.at.toISOString(),
  };
}
