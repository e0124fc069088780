import type { Database } from '../database.ts';

/**
 * In SQL, beside `store.account_states s`: what counts against the account's caps, over all tenants, as `m.today` and `m.this_month`. It is what was reserved since
 * the UTC day and month began and was not given back; what was written off was not. Of sums that are kept by day (migration 0038): to add up the uploads of a month
 * took a claim 0.25 s beside 100,000 of them. `since`: from which day on anything is summed, in terms of `t.utc`, the time now; by the server's clock, since the
 * transaction may have begun yesterday.
 */
export const countedByCaps = (since = thisMonth): string => `
   CROSS JOIN (SELECT t.utc::date AS today, ${since} AS since FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS utc) t) k
   CROSS JOIN LATERAL (
     SELECT COALESCE(sum(d.counted) FILTER (WHERE d.day >= k.today), 0) AS today, COALESCE(sum(d.counted), 0) AS this_month,
            min(d.currency) AS one_currency, max(d.currency) AS other_currency
       FROM store.account_days d WHERE d.account = s.account AND d.day >= k.since) m`;

const thisMonth = `date_trunc('month', t.utc)::date`;

/** What counts against an account's caps in this UTC day and month, over all tenants; decimal text. */
export interface CapsRow {
  readonly account: string;
  readonly today: string;
  readonly this_month: string;
}

/** Of these accounts alone. */
export async function sumCountedByCaps(
  db: Database,
  accounts: readonly string[],
): Promise<readonly CapsRow[]> {
  if (accounts.length === 0) return [];
  const { rows } = await db.ofInstallation.query<CapsRow>(
    `SELECT s.account, m.today::text AS today, m.this_month::text AS this_month
       FROM store.account_states s ${countedByCaps()} WHERE s.account = ANY($1)`,
    [accounts],
  );
  return rows;
}
