import type { Queryable } from './database.ts';

/**
 * What lets this Postgres forget what it has acknowledged when its machine goes down, in words for an operator; nothing wrong: none.
 * A forgotten intent is an upload that is paid for twice. `rollcall.trust_storage` is said by servers that are thrown away with their data, and by an
 * operator whose storage keeps by itself what was acknowledged, as that of some hosted Postgres does. Rejects where Postgres cannot be asked. `synchronous_commit` is not asked for: `Database.transaction` sets it.
 * Any word that Postgres takes for a boolean says it; a word that is none does not.
 * https://www.postgresql.org/docs/17/runtime-config-wal.html#GUC-FSYNC
 */
export async function checkDurability(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'
        AND CASE WHEN pg_input_is_valid(current_setting('rollcall.trust_storage', true), 'boolean')
                 THEN current_setting('rollcall.trust_storage', true)::boolean END IS NOT TRUE ORDER BY name`,
  );
  return rows.map(
    ({ name }) =>
      `DATABASE_URL: this Postgres runs with ${name} off and may forget payments when its machine goes down; set ${name} to on and reload it, or, only where its storage keeps by itself what was acknowledged, add ?options=-c%20rollcall.trust_storage%3Don to the URL (docs/operations.md#postgres-gone)`,
  );
}
