import type { Database } from '@rollcall/db';
import { patient } from '../ground/patient.ts';

/** A row of `storm.journal`; watch-sql.ts. */
export interface JournalRow {
  readonly id: number;
  readonly at: Date;
  readonly who: string;
  readonly subject: 'chunk' | 'attempt' | 'account' | 'ceiling';
  readonly chunk_id: string | null;
  /** Of an `account` row only. */
  readonly account: string | null;
  readonly attempt_id: string | null;
  readonly from_state: string | null;
  readonly to_state: string;
  readonly from_fence: number | null;
  readonly to_fence: number | null;
  readonly was_due_at: Date | null;
  readonly reason: string | null;
  /** A number of the chunk was erased by the same change. */
  readonly erases: boolean;
}

export async function readJournal(db: Database): Promise<readonly JournalRow[]> {
  const { rows } = await patient(() =>
    db.query<JournalRow>('SELECT * FROM storm.journal ORDER BY id'),
  );
  return rows;
}
