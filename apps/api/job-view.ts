import { type Job, jobLinksOf, type JobSummary } from '@rollcall/contract';
import type { AttentionRow, JobRow } from '@rollcall/db';
import { formatMoney, outcomes, parseMoney } from '@rollcall/domain';
import { etaSeconds } from './eta.ts';

/** A job's row as the contract shows it. `now` as Unix milliseconds, for the ETA. */
export function jobSummaryOf(row: JobRow, now_ms: number): JobSummary {
  return {
    id: row.job_id,
    name: row.name,
    check: row.check_name,
    account: row.account,
    // The view shows no other states; the response schema refuses one that it does not know.
    state: row.state as JobSummary['state'],
    priority: row.priority,
    purpose: row.purpose,
    requested_by: row.requested_by,
    retry_of: row.retry_of,
    counts: {
      lines: row.lines,
      accepted: row.accepted,
      duplicates: row.duplicates,
      rejected: row.rejected,
      answered: row.answered,
      pending: row.pending,
    },
    outcomes: Object.fromEntries(outcomes.map((outcome) => [outcome, row[outcome]])),
    chunks: { held: row.held_chunks, blocked: row.blocked_chunks },
    progress: row.accepted === 0 ? 1 : Math.floor((row.answered / row.accepted) * 10_000) / 10_000,
    eta_seconds: etaSeconds(row, now_ms),
    money: {
      currency: row.currency,
      max_cost: row.max_cost === null ? null : shortAmount(row.max_cost),
      cost: shortAmount(row.cost),
      reserved: shortAmount(row.reserved),
      at_risk: shortAmount(row.at_risk),
      written_off: shortAmount(row.written_off),
    },
    failure: row.failure,
    created_at: row.created_at.toISOString(),
    planned_at: row.planned_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    links: jobLinksOf(row.job_id),
  };
}

export function jobOf(
  row: JobRow,
  attention: readonly AttentionRow[],
  rejectReasons: Readonly<Record<string, number>>,
  replays: Job['replays'],
  now_ms: number,
): Job {
  return {
    ...jobSummaryOf(row, now_ms),
    attention: attention.map((each) => ({
      state: each.state,
      reason: each.reason,
      detail: each.detail,
      chunks: each.chunks,
      numbers: each.numbers,
      money_at_risk: shortAmount(each.money_at_risk),
      unpaid: shortAmount(each.unpaid),
    })),
    reject_reasons: { ...rejectReasons },
    replays,
  };
}

/** Postgres' `12.500000000` as `12.5`. */
export function shortAmount(amount: string): string {
  const money = parseMoney(amount);
  if (money === null) throw new Error('Postgres gave an amount that is not one');
  return formatMoney(money);
}
