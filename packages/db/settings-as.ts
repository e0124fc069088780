/** The roles that the product's statements run as; migrations/0022_tenants.sql says what each may do. */
export type ProductRole = 'rollcall_api' | 'rollcall_worker';

/**
 * A worker keeps plans (`keepPlans`). Each statement is planned once a connection, for all parameters, and not five times before: with four workers and four accounts that used their slots
 * to 0.89 instead of 0.86, and to 0.82 instead of 0.63 with 20 connections each. And some plans are made while a month's partitions are as good as empty, when reading all of them is as quick
 * as an index: a job of 1,000 numbers was then closed after 4.5 s beside one of 10,000,000, and after 0.3 with this.
 */
const plansToKeep = '-c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan';

/**
 * A database's URL as settings of `pg`, with the role that every session takes as it starts: before its first statement, and without a round
 * trip. What the URL itself asks for (`?options=…`) stays, and the role comes last. A pooler in front must pass `options` on, as it must pool by session.
 */
export function settingsAs(
  url: string,
  role: ProductRole | null,
): { readonly connectionString: string; readonly options?: string } {
  if (role === null) return { connectionString: url };
  const plain = new URL(url);
  const own = plain.searchParams.get('options');
  plain.searchParams.delete('options');
  return {
    connectionString: plain.href,
    options: [own, role === 'rollcall_worker' ? plansToKeep : null, `-c role=${role}`]
      .filter((part) => part !== null)
      .join(' '),
  };
}
