import type { Transaction } from '../database.ts';

/**
 * Locks a job against every other change of its state and its counts. The order of locks is that of `transaction` in
 * `database.ts`. Whatever refers to the job is still inserted: that asks for its key alone.
 */
export async function lockJobRow(tx: Transaction, jobNo: number): Promise<void> {
  await tx.query('SELECT FROM store.jobs WHERE job_no = $1 FOR NO KEY UPDATE', [jobNo]);
}
