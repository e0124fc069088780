import type { HeldDecision, Hold, WholeHold } from '@rollcall/contract';
import type { DecisionRow, EvidenceRow, HoldRow } from '@rollcall/db';
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
    allowed: [...allowedOn(row)],
  };
}

/** What may be decided on a hold now. */
export function allowedOn(row: HoldRow): ReturnType<typeof allowedDecisions> {
  return allowedDecisions({
    reason: row.reason,
    attemptOutcome: row.attempt_outcome,
    jobState: row.job_state,
    hasResult: row.has_result,
  });
}

export function wholeHoldOf(
  row: HoldRow,
  evidence: readonly EvidenceRow[],
  decisions: readonly DecisionRow[],
): WholeHold {
  return {
    ...holdOf(row),
    evidence: evidence.map((exchange) => ({
      ...exchange,
      started_at: exchange.started_at.toISOString(),
      // Adapters mask what they keep; this is the second net, for rows that something else wrote.
      body_excerpt: exchange.body_excerpt === null ? null : scrub(exchange.body_excerpt),
    })),
    decisions: decisions.map(decisionOf),
  };
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
    at: row.at.toISOString(),
  };
}
