/**
 * The same database for a session in which Postgres refuses every write outside a transaction of `Database`, which says READ
 * WRITE when it begins one (SQLSTATE 25006). A program that is tested through this URL has no COMMIT without a name, and so none without
 * crash points.
 */
export function writesInNamedTransactionsOnly(url: string): string {
  const strict = new URL(url);
  strict.searchParams.set('options', '-c default_transaction_read_only=on');
  return strict.href;
}
