/** The roles that the product's statements run as; migrations/0022_tenants.sql says what each may do. */
export type ProductRole = 'rollcall_api' | 'rollcall_worker';

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
    options: [own, `-c role=${role}`].filter((part) => part !== null).join(' '),
  };
}
