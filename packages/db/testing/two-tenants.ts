import type { Ground } from './ground.ts';

/**
 * A row of each of two tenants in every table, also in those that come later: values are made of the columns' types, and whatever else holds a
 * table together is taken off first. What is left is the walls. Whole numbers are the tenant's, texts `x1` and `x2`, so that the views' joins find each other.
 */
export async function fillForTwoTenants({ db }: Ground): Promise<readonly string[]> {
  await db.query("INSERT INTO store.tenants (name) VALUES ('x2')");
  await db.query(`DO $$
    DECLARE c record;
    BEGIN
      FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
                WHERE connamespace = 'store'::regnamespace AND contype IN ('c', 'f') AND conislocal AND coninhcount = 0 ORDER BY contype DESC LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
      END LOOP;
      FOR c IN SELECT tgrelid::regclass AS t, tgname FROM pg_trigger g JOIN pg_class r ON r.oid = tgrelid
                WHERE r.relnamespace = 'store'::regnamespace AND NOT tgisinternal AND tgparentid = 0 LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', c.tgname, c.t);
      END LOOP;
    END $$`);
  const { rows } = await db.query<{ table: string; columns: { name: string; type: string }[] }>(
    `SELECT t.relname AS table, jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL))) AS columns
       FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE t.relnamespace = 'store'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
        AND EXISTS (SELECT FROM pg_attribute k WHERE k.attrelid = t.oid AND k.attname = 'tenant_id' AND NOT k.attisdropped)
      GROUP BY t.relname ORDER BY t.relname`,
  );
  for (const { table, columns } of rows) {
    for (const tenant of [1, 2]) {
      const values = columns.map(({ name, type }) => valueOf(table, name, type, tenant));
      await db.query(
        `INSERT INTO store.${table} (${columns.map(({ name }) => `"${name}"`).join(', ')}) OVERRIDING SYSTEM VALUE VALUES (${values.join(', ')})`,
      );
    }
  }
  return rows.map(({ table }) => table);
}

/** What a view asks for beyond its joins. */
const asked: Readonly<Record<string, string>> = {
  'chunks.state': "'held'",
  'evidence.operation': "'submit'",
  'evidence.verdict': "'accepted'",
  'jobs.retry_root': 'NULL',
  'ledger.entry': "'write_off'",
};

function valueOf(table: string, name: string, type: string, tenant: number): string {
  const special = asked[`${table}.${name}`];
  if (special !== undefined) return special;
  switch (type) {
    case 'integer':
    case 'bigint':
    case 'smallint':
    case 'numeric':
    case 'double precision':
      return String(tenant);
    case 'text':
    case 'name':
      return `'x${tenant}'`;
    case 'date':
      return `(now() AT TIME ZONE 'UTC')::date`;
    case 'timestamp with time zone':
      return 'now()';
    case 'jsonb':
      return "'{}'";
    case 'boolean':
      return 'false';
    case 'xid8':
      return `'${tenant}'`;
    case 'bytea':
      return `'x${tenant}'::bytea`;
    default:
      if (type.endsWith('[]')) return "'{}'";
      throw new Error(`${table}.${name} is of the type ${type}: say here what it may hold`);
  }
}
