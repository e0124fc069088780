import type { Queryable } from '../database.ts';

/** A kept sum that is not what it sums; amounts are decimal text. */
export interface DifferentSum {
  readonly keptIn: 'tenant_days' | 'account_days';
  /** Its key, in words. */
  readonly what: string;
  readonly kept: string;
  readonly counted: string;
}

/** Counts every kept sum anew, as of one moment and beside whoever writes; returns those that differ. One pass over the ledger and the outcomes of jobs. */
export async function auditSums(db: Queryable): Promise<readonly DifferentSum[]> {
  const { rows } = await db.query<DifferentSum>(
    `SELECT kept_in AS "keptIn", what, kept::text, counted::text FROM store.audit_sums() ORDER BY 1, 2`,
  );
  return rows;
}
