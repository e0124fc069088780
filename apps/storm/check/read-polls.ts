import type { Database } from '@rollcall/db';
import { patient } from '../ground/patient.ts';

/** A status that the provider told of an attempt's task. */
export interface PollFact {
  readonly id: number;
  readonly chunk_id: string;
  readonly attempt_id: string;
  readonly word: string;
  readonly phase: string;
  /** It was believed. */
  readonly applied: boolean;
}

/** In the order in which they were written down, without the answers that told no status. */
export async function readPolls(db: Database): Promise<readonly PollFact[]> {
  const { rows } = await patient(() =>
    db.query<PollFact>(
      'SELECT id, chunk_id, attempt_id, word, phase, applied FROM store.poll_history WHERE phase IS NOT NULL ORDER BY id',
    ),
  );
  return rows;
}
