import type { Result } from '@rollcall/contract';
import type { ResultRow } from '@rollcall/db';
import { shortAmount } from './job-view.ts';

/** A result row as the contract shows it. */
export function resultOf(row: ResultRow): Result {
  return {
    number: row.number,
    // Words of the schema's CHECK and of the statement; the response schema refuses one that it does not know.
    outcome: row.outcome as Result['outcome'],
    attributes: row.attributes && { ...row.attributes },
    account: row.account,
    source: row.source as Result['source'],
    cost: shortAmount(row.cost),
    checked_at: row.checked_at.toISOString(),
  };
}
