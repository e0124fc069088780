import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './testing/ground.ts';
import { tablesWithoutTenant, waysThroughTheWalls } from './beside-the-walls.ts';

// The catalogue itself: whoever adds a table, a partition, a view, a function or a role adds it within the walls, or this fails.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
  // A month that nobody has made yet: its partitions come by the function that the API and the worker call.
  await ground.db.query("SELECT store.ensure_month('2031-07-15')");
});
afterAll(() => ground.close());

const roles = [
  'rollcall_api',
  'rollcall_worker',
  'rollcall_installation',
  'rollcall_queue',
  'rollcall_analyst',
];

async function column(sql: string, values: unknown[] = []): Promise<string[]> {
  const { rows } = await ground.db.query<{ name: string }>(sql, values);
  return rows.map(({ name }) => name);
}

const tables = `FROM pg_class t WHERE t.relnamespace = 'store'::regnamespace AND t.relkind IN ('r', 'p')`;
const hasTenant = `EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)`;

test('every table has a tenant_id, or is on the list of those that need none, with a reason', async () => {
  const without = await column(
    `SELECT t.relname AS name ${tables} AND NOT ${hasTenant} ORDER BY 1`,
  );
  expect(without).toEqual(Object.keys(tablesWithoutTenant).toSorted());
});

test('every table with a tenant_id, and every partition of one, has row-level security enabled and forced', async () => {
  expect(
    await column(
      `SELECT t.relname AS name ${tables} AND (${hasTenant} OR t.relname = 'tenants') AND NOT (t.relrowsecurity AND t.relforcerowsecurity)`,
    ),
  ).toEqual([]);
  const partitions = await column(`SELECT t.relname AS name ${tables} AND t.relispartition`);
  expect(partitions).toEqual(expect.arrayContaining(['results_203107', 'blob_parts_203107']));
});

test('each of their policies is one of three, bound to the tenant for the API and for analysts, with USING and WITH CHECK', async () => {
  const { rows } = await ground.db.query<{ name: string; policies: unknown }>(
    `SELECT t.relname AS name, (SELECT jsonb_object_agg(p.polname, jsonb_build_object(
              'for', p.polcmd, 'permissive', p.polpermissive, 'to', (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(p.polroles::regrole[]) x),
              'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))) FROM pg_policy p WHERE p.polrelid = t.oid) AS policies
       ${tables} AND (${hasTenant} OR t.relname = 'tenants')`,
  );
  expect(rows.length).toBeGreaterThan(40);
  const [owner] = await column(
    "SELECT relowner::regrole::text AS name FROM pg_class WHERE oid = 'store.jobs'::regclass",
  );
  for (const { name, policies } of rows) {
    const key = name === 'tenants' ? 'id' : 'tenant_id';
    const own = `(${key} = ( SELECT store.session_tenant() AS session_tenant))`;
    const readers = `(${key} = ( SELECT store.reader_tenant() AS reader_tenant))`;
    const everybody = ['rollcall_installation', 'rollcall_worker', owner].toSorted((a, b) =>
      String(a) < String(b) ? -1 : 1,
    );
    expect({ name, policies }).toEqual({
      name,
      policies: {
        own_tenant: { for: '*', permissive: true, to: ['rollcall_api'], using: own, check: own },
        readers_tenant: {
          for: 'r',
          permissive: true,
          to: ['rollcall_analyst'],
          using: readers,
          check: null,
        },
        every_tenant: { for: '*', permissive: true, to: everybody, using: 'true', check: 'true' },
      },
    });
  }
});

test('every view asks with the rights of whoever asks', async () => {
  const views = `FROM pg_class v WHERE v.relnamespace IN ('store'::regnamespace, 'rollcall'::regnamespace) AND v.relkind IN ('v', 'm')`;
  expect((await column(`SELECT v.relname AS name ${views}`)).length).toBeGreaterThan(9);
  expect(
    await column(
      `SELECT v.relname AS name ${views} AND NOT COALESCE(v.reloptions, '{}') @> ARRAY['security_invoker=true']`,
    ),
  ).toEqual([]);
});

test('a function that has the owner’s rights is on the list of those, with what it tells, and has a fixed search path; none is everybody’s', async () => {
  const functions = `FROM pg_proc f WHERE f.pronamespace IN ('store'::regnamespace, 'rollcall'::regnamespace)`;
  expect(
    await column(`SELECT f.proname AS name ${functions} AND f.prosecdef ORDER BY f.proname`),
  ).toEqual(Object.keys(waysThroughTheWalls));
  expect(
    await column(
      `SELECT f.proname AS name ${functions} AND f.prosecdef AND NOT COALESCE(f.proconfig::text, '') LIKE '%search_path=pg_catalog%'`,
    ),
  ).toEqual([]);
  expect(
    await column(
      `SELECT f.proname AS name ${functions}
          AND EXISTS (SELECT FROM aclexplode(COALESCE(f.proacl, acldefault('f', f.proowner))) g WHERE g.grantee = 0)`,
    ),
  ).toEqual([]);
});

test('nothing of Rollcall is granted to PUBLIC', async () => {
  expect(
    await column(
      `SELECT c.relname AS name FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.relnamespace IN ('store'::regnamespace, 'rollcall'::regnamespace, 'bullmq'::regnamespace) AND g.grantee = 0
       UNION SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.nspname IN ('store', 'rollcall', 'bullmq') AND g.grantee = 0
       UNION SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) g
        WHERE c.relnamespace IN ('store'::regnamespace, 'rollcall'::regnamespace) AND g.grantee = 0`,
    ),
  ).toEqual([]);
});

test('the roles own nothing but the queue’s schema, may not log in, and cannot bypass a policy or become who can', async () => {
  expect(
    await column(
      `SELECT format('%s is missing, or may do too much', n) AS name FROM unnest($1::text[]) n
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = n AND NOT (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication))`,
      [roles],
    ),
  ).toEqual([]);
  expect(
    await column(
      `SELECT DISTINCT c.relnamespace::regnamespace::text AS name FROM pg_class c WHERE c.relowner = ANY($1::regrole[]) AND c.relnamespace <> 'pg_toast'::regnamespace
       UNION SELECT nspname FROM pg_namespace WHERE nspowner = ANY($1::regrole[])
       UNION SELECT proname FROM pg_proc WHERE proowner = ANY($1::regrole[]) AND pronamespace <> 'bullmq'::regnamespace`,
      [roles],
    ),
  ).toEqual(['bullmq']);
  const { rows } = await ground.db.query(
    `SELECT member::regrole::text AS who, roleid::regrole::text AS becomes, inherit_option FROM pg_auth_members WHERE member = ANY($1::regrole[]) ORDER BY 1, 2`,
    [roles],
  );
  expect(rows).toEqual([
    { who: 'rollcall_api', becomes: 'rollcall_installation', inherit_option: false },
    { who: 'rollcall_api', becomes: 'rollcall_queue', inherit_option: false },
    { who: 'rollcall_worker', becomes: 'rollcall_queue', inherit_option: false },
  ]);
});

test('no role may empty a table, alter its rows by a reference or a trigger, or reach a partition beside its table', async () => {
  expect(
    await column(
      `SELECT format('%s: %s on %s', g.grantee::regrole, g.privilege_type, t.relname) AS name
         FROM pg_class t, aclexplode(t.relacl) g
        WHERE t.relnamespace = 'store'::regnamespace AND g.grantee = ANY($1::regrole[])
          AND (g.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') OR g.is_grantable OR t.relispartition)`,
      [roles],
    ),
  ).toEqual([]);
});

test('what is append-only cannot be changed or deleted by any role either', async () => {
  expect(
    await column(
      `SELECT format('%s: %s on %s', g.grantee::regrole, g.privilege_type, t.relname) AS name
         FROM pg_class t JOIN pg_trigger x ON x.tgrelid = t.oid AND x.tgname = 'append_only', aclexplode(t.relacl) g
        WHERE g.grantee = ANY($1::regrole[]) AND g.privilege_type IN ('UPDATE', 'DELETE')`,
      [roles],
    ),
  ).toEqual([]);
});

test('where the API speaks for no tenant it reads no column that holds a number, and where it speaks for the queue no table', async () => {
  expect(
    await column(
      `SELECT DISTINCT format('%s.%s', t.relname, a.attname) AS name FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE t.relnamespace = 'store'::regnamespace AND t.relkind IN ('r', 'p')
          AND has_column_privilege('rollcall_installation', t.oid, a.attnum, 'SELECT')
          AND (a.attname IN ('number', 'first_number', 'last_number', 'raw', 'bytes', 'attributes', 'name', 'purpose', 'requested_by') OR a.atttypid = 'jsonb'::regtype)`,
    ),
  ).toEqual([]);
  expect(
    await column(
      `SELECT t.relname AS name FROM pg_class t WHERE t.relnamespace IN ('store'::regnamespace, 'rollcall'::regnamespace) AND t.relkind IN ('r', 'p', 'v')
          AND has_any_column_privilege('rollcall_queue', t.oid, 'SELECT, INSERT, UPDATE')`,
    ),
  ).toEqual([]);
});
