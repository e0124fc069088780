import { type Queryable, sqlStateOf } from './database.ts';
import type { ProductRole } from './settings-as.ts';

/** invalid_parameter_value, insufficient_privilege: how a session that asks for a role is refused. */
const refusedRole: Readonly<Record<string, string>> = {
  '22023': 'does not exist here: bring the database up to this version first (`migrate`)',
  '42501':
    'may not be taken by the role of this URL: say GRANT %s TO it, WITH INHERIT FALSE, SET TRUE, as an administrator',
};

/**
 * What lets this process see past the walls between tenants, in words for an operator; nothing wrong: none. A superuser, whoever has BYPASSRLS and
 * the owner of the tables are not bound by a policy, or may take it away. Rejects where Postgres cannot be asked.
 */
export async function checkRole(db: Queryable, role: ProductRole): Promise<readonly string[]> {
  try {
    const { rows } = await db.query<{ who: string; what: string }>(
      `SELECT current_user AS who, w.what FROM pg_roles r
        CROSS JOIN LATERAL (VALUES
          ('is not ' || $1, r.rolname <> $1),
          ('is a superuser', r.rolsuper),
          ('bypasses row-level security', r.rolbypassrls),
          ('has the rights of the tables’ owner', EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('store', 'rollcall') AND pg_has_role(r.oid, c.relowner, 'USAGE')))) AS w (what, so)
        WHERE r.rolname = current_user AND w.so`,
      [role],
    );
    return rows.map(
      ({ who, what }) =>
        `DATABASE_URL: the session’s role ${who} ${what}, so that no wall between tenants would hold; it has to be ${role} as migration 0022 made it (docs/deployment.md#roles)`,
    );
  } catch (error) {
    const why = refusedRole[sqlStateOf(error) ?? ''];
    if (why === undefined) throw error;
    return [`DATABASE_URL: the role ${role} ${why.replace('%s', role)} (docs/deployment.md#roles)`];
  }
}
