import type { Queryable } from '../database.ts';

export interface SummaryRow {
  readonly day: string;
  readonly check: string;
  readonly outcome: string;
  readonly numbers: number;
}

/** A tenant's answered numbers by the UTC day of their job, check and outcome, of these days, both included: from kept sums (migration 0038), however many rows there are. */
export async function readSummary(
  db: Queryable,
  tenantId: number,
  days: { readonly from: string; readonly to: string },
): Promise<readonly SummaryRow[]> {
  const { rows } = await db.query<SummaryRow>({
    name: 'summary',
    text: `SELECT day::text, check_name AS "check", outcome, sum(numbers)::bigint AS numbers FROM store.tenant_days
            WHERE tenant_id = $1 AND day BETWEEN $2::date AND $3::date
            GROUP BY day, check_name, outcome HAVING sum(numbers) > 0 ORDER BY day DESC, check_name, outcome`,
    values: [tenantId, days.from, days.to],
  });
  return rows;
}
