import type { Queryable } from '../database.ts';

/** What cancelling a job ended and what it could not end, from the rows; amounts are decimal text. */
export interface Cancellation {
  readonly check_name: string;
  readonly account: string;
  readonly currency: string;
  readonly chunks_cancelled: number;
  readonly numbers_cancelled: number;
  /** Of chunks that were sent and have no rows yet, held ones included. */
  readonly numbers_in_flight: number;
  /** With a row that says anything else than `cancelled`. */
  readonly numbers_answered: number;
  readonly paid: string;
  /** Reserved: the upload's outcome is not known. */
  readonly may_still_be_charged: string;
  readonly at_risk: string;
  /** Paid for again: `paid` has what was paid then. */
  readonly written_off: string;
}

export async function readCancellation(tx: Queryable, jobNo: number): Promise<Cancellation> {
  const { rows } = await tx.query<Cancellation>(
    `SELECT j.check_name, j.account, j.currency, c.chunks_cancelled, c.numbers_cancelled, c.numbers_in_flight,
            (SELECT COALESCE(sum(o.numbers), 0)::bigint FROM store.job_outcomes o
              WHERE o.job_no = j.job_no AND o.outcome <> 'cancelled') AS numbers_answered,
            m.paid, m.may_still_be_charged, m.at_risk, m.written_off
       FROM store.jobs j
       CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE state = 'cancelled') AS chunks_cancelled,
                COALESCE(sum(numbers) FILTER (WHERE state = 'cancelled'), 0)::bigint AS numbers_cancelled,
                COALESCE(sum(numbers) FILTER (WHERE state IN ('submitting', 'polling', 'result_ready', 'ingesting', 'held')), 0)::bigint
                  AS numbers_in_flight
           FROM store.chunks WHERE job_no = j.job_no) c
       CROSS JOIN LATERAL (
         SELECT COALESCE(sum(amount) FILTER (WHERE place = 'committed'), 0)::text AS paid,
                COALESCE(sum(amount) FILTER (WHERE place = 'reserved'), 0)::text AS may_still_be_charged,
                COALESCE(sum(amount) FILTER (WHERE place = 'at_risk'), 0)::text AS at_risk,
                COALESCE(sum(amount) FILTER (WHERE place = 'written_off'), 0)::text AS written_off
           FROM store.attempt_money WHERE job_no = j.job_no) m
      WHERE j.job_no = $1`,
    [jobNo],
  );
  const row = rows[0];
  if (!row) throw new Error(`job ${jobNo} is gone`);
  return row;
}
