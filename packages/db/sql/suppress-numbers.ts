import type { Queryable, Transaction } from '../database.ts';

export interface NumbersOfJob {
  readonly tenantId: number;
  readonly jobNo: number;
  readonly jobDay: string;
}

/** Marks numbers of a job as not to be sent; returns how many were of the job and not marked before. */
export async function suppressNumbers(
  tx: Transaction,
  { tenantId, jobNo, jobDay }: NumbersOfJob,
  numbers: Float64Array,
): Promise<number> {
  const marked = await tx.query(
    `INSERT INTO store.suppressed_numbers (job_day, tenant_id, job_no, number)
     SELECT n.job_day, n.tenant_id, n.job_no, n.number FROM store.job_numbers n
      WHERE n.tenant_id = $1 AND n.job_no = $2 AND n.job_day = $3 AND n.number = ANY($4::bigint[])
     ON CONFLICT DO NOTHING`,
    [tenantId, jobNo, jobDay, [...numbers]],
  );
  return marked.rowCount ?? 0;
}

/** In SQL: whether the number of `n`, a row of `store.job_numbers`, is marked. */
export const isSuppressed = `EXISTS (SELECT FROM store.suppressed_numbers s WHERE s.job_no = n.job_no AND s.job_day = n.job_day AND s.number = n.number)`;

/** How many numbers of a range of a job are not to be sent; nearly always none, which one look at an index says. */
export async function countSuppressed(
  tx: Queryable,
  job: Pick<NumbersOfJob, 'jobNo' | 'jobDay'>,
  range: { readonly first: number; readonly last: number },
): Promise<number> {
  const { rows } = await tx.query<{ numbers: number }>(
    'SELECT count(*) AS numbers FROM store.suppressed_numbers WHERE job_no = $1 AND job_day = $2 AND number BETWEEN $3 AND $4',
    [job.jobNo, job.jobDay, range.first, range.last],
  );
  return rows[0]?.numbers ?? 0;
}
