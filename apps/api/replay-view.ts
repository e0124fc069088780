import type { Replay, ReplayedRow } from '@rollcall/contract';
import type { ReplayRow, ReplayedRow as StoredRow } from '@rollcall/db';

/** A replay's row as the contract shows it. */
export function replayOf(row: ReplayRow): Replay {
  return {
    id: row.id,
    job_id: row.job_id,
    chunk_id: row.chunk_id,
    chunk_number: row.chunk_no,
    account: row.account,
    mode: row.mode,
    state: row.state,
    failure: row.failure,
    semantics: row.semantics,
    difference: differenceOf(row),
    asked_by: row.asked_by,
    reason: row.why,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

function differenceOf(row: ReplayRow): Replay['difference'] {
  const { rows_before, rows_after, unchanged, attributes_changed, outcomes_changed } = row;
  // Together there or together absent, as a CHECK says.
  if (rows_before === null || rows_after === null) return null;
  if (unchanged === null || attributes_changed === null || outcomes_changed === null) return null;
  return {
    rows_before,
    rows_after,
    unchanged,
    attributes_changed,
    outcomes_changed: [...outcomes_changed],
  };
}

/** A row that differs, as the contract shows it. */
export function replayedRowOf(row: StoredRow): ReplayedRow {
  return {
    number: row.number,
    // Words of the schema's CHECK; the response schema refuses one that it does not know.
    outcome_before: row.outcome_before as ReplayedRow['outcome_before'],
    outcome_after: row.outcome_after as ReplayedRow['outcome_after'],
    attributes_before: row.attributes_before && { ...row.attributes_before },
    attributes_after: row.attributes_after && { ...row.attributes_after },
  };
}
