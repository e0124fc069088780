import type { Outcome, ResultSemantics } from '@rollcall/domain';
import type { Transaction } from '../database.ts';

/** Numbers that were one outcome and are another; `from` is null where there was no row. */
export interface OutcomeChange {
  readonly from: Outcome | null;
  readonly to: Outcome;
  readonly numbers: number;
}

/** What reading a file again made of a chunk's rows: `rowsAfter` = unchanged + attributes changed + the sum of outcome changes. */
export interface ReplayDifference {
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly unchanged: number;
  readonly attributesChanged: number;
  readonly outcomesChanged: readonly OutcomeChange[];
}

/** Ends a replay with the difference that its rows in `store.replayed_rows` make. */
export async function endReplay(
  tx: Transaction,
  replay: {
    readonly replayNo: number;
    readonly jobDay: string;
    readonly rowsBefore: number;
    readonly rowsAfter: number;
    readonly semantics: ResultSemantics;
  },
): Promise<ReplayDifference> {
  const { replayNo, jobDay, rowsBefore, rowsAfter, semantics } = replay;
  const { rows } = await tx.query<OutcomeChange>(
    `SELECT from_outcome AS "from", to_outcome AS "to", count(*) AS numbers FROM store.replayed_rows
      WHERE replay_no = $1 AND job_day = $2 GROUP BY 1, 2 ORDER BY numbers DESC, 1, 2`,
    [replayNo, jobDay],
  );
  const changed = rows.reduce((sum, { numbers }) => sum + numbers, 0);
  const outcomesChanged = rows.filter(({ from, to }) => from !== to);
  const ofOutcome = outcomesChanged.reduce((sum, { numbers }) => sum + numbers, 0);
  const difference: ReplayDifference = {
    rowsBefore,
    rowsAfter,
    unchanged: rowsAfter - changed,
    attributesChanged: changed - ofOutcome,
    outcomesChanged,
  };
  await tx.query(
    `UPDATE store.replays SET state = 'done', due_at = NULL, finished_at = clock_timestamp(), semantics = $2, rows_before = $3, rows_after = $4,
            unchanged = $5, attributes_changed = $6, outcomes_changed = $7
      WHERE replay_no = $1`,
    [
      replayNo,
      semantics,
      rowsBefore,
      rowsAfter,
      difference.unchanged,
      difference.attributesChanged,
      JSON.stringify(outcomesChanged),
    ],
  );
  return difference;
}
