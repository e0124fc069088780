import type { Database } from '../database.ts';
import { stillReleased } from './ledger.ts';

/**
 * In SQL, beside `store.account_states s`: what counts against the account's caps, over all tenants. It is what was reserved since the UTC
 * day (`today`) and month (`this_month`) began, of which `g` was given back since; what was written off was not. `since`: from when on
 * anything is summed, in terms of `t.utc`, the time now; by the server's clock, since the transaction may have begun yesterday.
 */
export const countedByCaps = (since = thisMonth): string => `
   CROSS JOIN (SELECT date_trunc('day', t.utc) AT TIME ZONE 'UTC' AS today, ${since} AS since
                 FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS utc) t) k
   CROSS JOIN LATERAL (
     SELECT COALESCE(sum(l.amount) FILTER (WHERE l.at >= k.today), 0) AS today, COALESCE(sum(l.amount), 0) AS this_month,
            min(l.currency) AS one_currency, max(l.currency) AS other_currency
       FROM store.ledger l WHERE l.account = s.account AND l.entry = 'reserve' AND l.at >= k.since) m
   CROSS JOIN LATERAL (
     SELECT COALESCE(sum(l.amount) FILTER (WHERE l.at >= k.today), 0) AS today, COALESCE(sum(l.amount), 0) AS this_month
       FROM store.ledger r JOIN store.ledger l ON l.attempt_id = r.attempt_id AND l.entry = 'reserve' AND l.at >= k.since
      WHERE r.account = s.account AND r.entry = 'release' AND r.at >= k.since AND ${stillReleased}) g`;

const thisMonth = `date_trunc('month', t.utc) AT TIME ZONE 'UTC'`;

/** What counts against an account's caps in this UTC day and month, over all tenants; decimal text. */
export interface CapsRow {
  readonly account: string;
  readonly today: string;
  readonly this_month: string;
}

/** Of these accounts alone: a month may be 100,000 uploads long. */
export async function sumCountedByCaps(
  db: Database,
  accounts: readonly string[],
): Promise<readonly CapsRow[]> {
  if (accounts.length === 0) return [];
  const { rows } = await db.ofInstallation.query<CapsRow>(
    `SELECT s.account, (m.today - g.today)::text AS today, (m.this_month - g.this_month)::text AS this_month
       FROM store.account_states s ${countedByCaps()} WHERE s.account = ANY($1)`,
    [accounts],
  );
  return rows;
}
