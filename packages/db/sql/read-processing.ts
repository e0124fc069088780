import type { Queryable } from '../database.ts';

/** A job as a record of processing: why, for whom, to whom, how many, how long. What looks like a number in free text is masked, as in the audit trail: it outlives the numbers. */
export interface ProcessingRow {
  readonly jobId: string;
  readonly jobDay: string;
  readonly purpose: string;
  readonly requestedBy: string;
  readonly checkName: string;
  readonly account: string;
  readonly recipient: string | null;
  readonly state: string;
  readonly lines: number;
  readonly numbers: number;
  /**
   * Numbers that left, each once, also those that were erased or suppressed later. A chunk's later uploads never have more than its first; and chunks that were cut anew
   * are compared with those that stand in their place, range by range; those whose range was forgotten, with the whole job.
   */
  readonly sent: number;
  readonly suppressed: number;
  readonly erased: number;
  readonly receivedAt: Date;
  readonly finishedAt: Date | null;
  readonly rowsDroppedAt: Date | null;
  readonly filesDroppedAt: Date | null;
}

/** A tenant's jobs of these days (UTC, the last one included), oldest first, behind the job that the page before ended with. */
export async function readProcessing(
  db: Queryable,
  tenantId: number,
  days: { readonly from: string; readonly to: string },
  page: { readonly after: string; readonly limit: number },
): Promise<readonly ProcessingRow[]> {
  const { rows } = await db.query<ProcessingRow>(
    `SELECT j.id AS "jobId", j.job_day AS "jobDay", store.without_numbers(j.purpose) AS purpose, store.without_numbers(j.requested_by) AS "requestedBy", j.check_name AS "checkName", j.account, j.state,
            COALESCE(j.lines, 0) AS lines, COALESCE(j.accepted, 0) AS numbers, j.created_at AS "receivedAt", j.finished_at AS "finishedAt",
            j.rows_dropped_at AS "rowsDroppedAt", j.files_dropped_at AS "filesDroppedAt", s.recipient, s.sent, c.suppressed, c.erased
       FROM store.jobs j
      CROSS JOIN LATERAL (
        SELECT COALESCE(sum(k.suppressed), 0)::bigint AS suppressed, COALESCE(sum(k.erased), 0)::bigint AS erased
          FROM store.chunks k WHERE k.job_no = j.job_no AND k.state <> 'superseded') c
      CROSS JOIN LATERAL (
        SELECT max(i.recipient) AS recipient,
               -- LEAST and GREATEST pass over a NULL: without a zero in its place all that was planned would have left.
               COALESCE(GREATEST(sum(LEAST(i.planned, GREATEST(i.sent, i.sent_before))) FILTER (WHERE i.planned > 0),
                                 LEAST(sum(i.planned), COALESCE(sum(i.sent_before) FILTER (WHERE i.planned IS NULL), 0))), 0)::bigint AS sent
          FROM (
            SELECT max(o.recipient) AS recipient, sum(o.numbers) FILTER (WHERE o.stands) AS planned,
                   sum(o.sent) FILTER (WHERE o.stands) AS sent, sum(o.sent) FILTER (WHERE NOT o.stands) AS sent_before
              FROM (
                SELECT l.*, count(*) FILTER (WHERE l.begins) OVER (ORDER BY l.first_number, l.chunk_no) AS run
                  FROM (
                    SELECT k.chunk_no, k.first_number, k.numbers, k.state <> 'superseded' AS stands, a.*,
                           k.first_number > COALESCE(max(k.last_number) OVER (ORDER BY k.first_number, k.chunk_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1) AS begins
                      FROM store.chunks k CROSS JOIN LATERAL (
                        SELECT max(t.provider_origin) AS recipient, COALESCE(max(t.numbers), 0) AS sent
                          FROM store.attempts t WHERE t.chunk_id = k.id AND t.outcome <> 'not_sent') a
                     WHERE k.job_no = j.job_no) l) o
             GROUP BY o.run) i) s
      WHERE j.tenant_id = $1 AND j.job_day BETWEEN $2 AND $3 AND j.state <> 'receiving' AND j.id > $4
      ORDER BY j.id LIMIT $5`,
    [tenantId, days.from, days.to, page.after, page.limit],
  );
  return rows;
}

/** How many erasures a tenant asked for in these days, and how many of those are done. */
export async function countErasures(
  db: Queryable,
  tenantId: number,
  days: { readonly from: string; readonly to: string },
): Promise<{ readonly asked: number; readonly done: number }> {
  const { rows } = await db.query<{ asked: number; done: number }>(
    `SELECT count(*) AS asked, count(done_at) AS done FROM store.erasures
      WHERE tenant_id = $1 AND (asked_at AT TIME ZONE 'UTC')::date BETWEEN $2 AND $3`,
    [tenantId, days.from, days.to],
  );
  return rows[0] ?? { asked: 0, done: 0 };
}
