// Every statement here leaves the WHERE out: what keeps two tenants apart is Postgres alone.
// Over 300 lines: all of it looks at the same rows, which take longer to make than to look at.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, sqlStateOf } from './database.ts';
import { inTenant } from './tenant-scope.ts';
import { type Ground, layGround } from './testing/ground.ts';
import { fillForTwoTenants } from './testing/two-tenants.ts';

let ground: Ground;
let tables: readonly string[];
let partitions: readonly string[];
let views: readonly string[];
let api: Database;
let worker: Database;
/** People, each with a login of his own. */
const people = { ann: `ann_${Date.now()}`, bob: `bob_${Date.now()}`, eve: `eve_${Date.now()}` };

beforeAll(async () => {
  ground = await layGround();
  const { db } = ground;
  tables = await fillForTwoTenants(ground);
  partitions = await names(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relispartition AND relkind = 'r'`,
  );
  views = await names(
    `SELECT format('%I.%I', relnamespace::regnamespace::text, relname) AS name FROM pg_class
      WHERE relnamespace IN ('store'::regnamespace, 'rollcall'::regnamespace) AND relkind = 'v' ORDER BY 1`,
  );
  for (const person of Object.values(people)) {
    await db.query(`CREATE ROLE ${person} LOGIN PASSWORD 'x'`);
  }
  await db.query(
    `SELECT store.let_read('${people.ann}', 'default'), store.let_read('${people.bob}', 'x2')`,
  );
  await db.query(`GRANT rollcall_analyst TO ${people.eve}`);
  api = open('rollcall_api');
  worker = open('rollcall_worker');
});
afterAll(async () => {
  await Promise.all([api.close(), worker.close()]);
  for (const person of Object.values(people)) {
    await ground.db.query(`DROP OWNED BY ${person}; DROP ROLE ${person}`);
  }
  await ground.close();
});

function open(role: 'rollcall_api' | 'rollcall_worker', maxConnections = 2): Database {
  return openDatabase({
    url: ground.url,
    role,
    maxConnections,
    applicationName: 'rollcall tenants test',
    onIdleError: () => undefined,
  });
}

async function names(sql: string): Promise<string[]> {
  const { rows } = await ground.db.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

/** Whose rows a look finds that asks for none in particular. */
async function tenantsSeen(db: Pick<Database, 'query'>, table: string): Promise<number[]> {
  const { rows } = await db.query<{ tenant: number }>(
    `SELECT DISTINCT tenant_id AS tenant FROM store.${table} ORDER BY 1`,
  );
  return rows.map(({ tenant }) => tenant);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing refused it',
    (error: unknown) => `${sqlStateOf(error)} ${(error as Error).message}`,
  );
}

describe('as the API, by its own rights', () => {
  test('what it may read of a table is its tenant’s, and where it names no tenant it is refused', async () => {
    const readable = await names(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relname IN (${tables.map((name) => `'${name}'`).join()})
          AND has_table_privilege('rollcall_api', oid, 'SELECT') ORDER BY 1`,
    );
    expect(readable.length).toBeGreaterThan(20);
    for (const table of readable) {
      expect({ table, seen: await tenantsSeen(api.ofTenant(2), table) }).toEqual({
        table,
        seen: [2],
      });
      expect(await refusal(tenantsSeen(api, table))).toMatch(/^42501 .*names no tenant/);
    }
  });

  test('every view shows its tenant’s rows alone', async () => {
    for (const view of views) {
      const all = await ground.db.query(`SELECT to_jsonb(v)::text AS row FROM ${view} v`);
      const own = await api
        .ofTenant(2)
        .query<{ row: string }>(`SELECT to_jsonb(v)::text AS row FROM ${view} v`);
      expect({ view, all: all.rows.length, own: own.rows.length }).toEqual({
        view,
        all: 2,
        own: 1,
      });
      expect(own.rows[0]?.row).not.toMatch(/\bx1\b/);
    }
  });

  test('a partition, an emptied table, a dropped policy or another role is none of its business', async () => {
    const own = api.ofTenant(2);
    for (const statement of [
      `SELECT FROM store.${partitions[0]}`,
      'TRUNCATE store.jobs',
      'DROP POLICY own_tenant ON store.jobs',
      'ALTER TABLE store.jobs DISABLE ROW LEVEL SECURITY',
      'DELETE FROM store.ledger',
      'UPDATE store.evidence SET verdict = verdict',
      'SELECT FROM store.tenant_readers',
    ]) {
      expect([statement, await refusal(own.query(statement))]).toEqual([
        statement,
        expect.stringMatching(/^42501 (permission denied|must be owner)/),
      ]);
    }
  });

  test('for the installation it reads sums over all tenants, and no number', async () => {
    const { rows } = await api.ofInstallation.query(
      'SELECT sum(amount)::int AS sum FROM store.ledger',
    );
    expect(rows).toEqual([{ sum: 3 }]);
    for (const column of ['first_number', 'last_number']) {
      expect(await refusal(api.ofInstallation.query(`SELECT ${column} FROM store.chunks`))).toMatch(
        /^42501/,
      );
    }
    for (const table of ['results', 'job_numbers', 'rejects', 'blob_parts', 'api_keys']) {
      expect(await refusal(api.ofInstallation.query(`SELECT FROM store.${table}`))).toMatch(
        /^42501/,
      );
    }
  });

  test('a key or a session is looked up among its own tenant’s, and an unknown one nowhere', async () => {
    const keys = 'SELECT id FROM store.api_keys';
    expect((await api.ofKey('x2').query(keys)).rows).toEqual([{ id: 'x2' }]);
    expect((await api.ofKey('x3').query(keys)).rows).toEqual([]);
    const sessions = 'SELECT key_id FROM store.sessions';
    expect((await api.ofSession(Buffer.from('x1')).query(sessions)).rows).toEqual([
      { key_id: 'x1' },
    ]);
    expect((await api.ofSession(Buffer.from('x3')).query(sessions)).rows).toEqual([]);
  });
});

describe('a connection that goes back to the pool', () => {
  let single: Database;
  beforeAll(() => {
    single = open('rollcall_api', 1);
  });
  afterAll(() => single.close());
  const look = 'SELECT id FROM store.jobs';

  test('takes no tenant with it, whichever way it was named, and however that ended', async () => {
    const uses: (() => Promise<unknown>)[] = [
      () => single.ofTenant(1).query(look),
      () => single.ofTenant(1).query('SELECT 1 / 0'),
      () => single.ofTenant(1).query('SELECT 1 / $1::int', [0]),
      () => single.ofTenant(1).transaction('test', (tx) => tx.query(look)),
      () => single.ofTenant(1).transaction('test', (tx) => tx.query('SELECT 1 / 0')),
      () => single.ofInstallation.query('SELECT state FROM store.jobs'),
      () => single.ofInstallation.transaction('test', (tx) => tx.query('SELECT 1 / 0')),
      () => single.ofKey('x1').query(look),
      () => inTenant(1, () => single.query(look)),
    ];
    for (const use of uses) {
      await use().catch(() => undefined);
      expect(await refusal(single.query(look))).toMatch(/names no tenant/);
      expect((await single.query('SELECT current_user AS who')).rows).toEqual([
        { who: 'rollcall_api' },
      ]);
      expect((await single.ofTenant(2).query(look)).rows).toEqual([{ id: 'x2' }]);
    }
  });

  test('serves two tenants in turn, each its own rows', async () => {
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        inTenant(1 + (index % 2), async () => {
          const alone = await single.query<{ id: string }>(look);
          const inside = await single.transaction('test', (tx) => tx.query<{ id: string }>(look));
          return [...alone.rows, ...inside.rows].map(({ id }) => id).join();
        }),
      ),
    );
    expect(seen).toEqual(seen.map((_, index) => (index % 2 === 0 ? 'x1,x1' : 'x2,x2')));
  });

  test('a statement is answered as ever: rows, arrays, counts, none, and an error of its own', async () => {
    const one = single.ofTenant(1);
    expect((await one.query('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }]);
    expect((await one.query({ text: 'SELECT 7', rowMode: 'array' })).rows).toEqual([[7]]);
    expect((await one.query('SELECT FROM store.jobs')).rowCount).toBe(1);
    expect((await one.query('SELECT FROM store.jobs WHERE false')).rows).toEqual([]);
    expect(await refusal(one.query('SELECT nonsense'))).toMatch(/^42703/);
    expect(await refusal(one.query('SELECT', [{ toPostgres: () => 1n }]))).not.toBe('');
    expect((await one.query('SELECT id FROM store.jobs')).rows).toEqual([{ id: 'x1' }]);
  });
});

describe('people', () => {
  async function as<T>(person: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const url = new URL(ground.url);
    url.username = person;
    url.password = 'x';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  test.for([
    ['ann', '1'],
    ['bob', '2'],
  ] as const)('%s sees tenant %s in every view, and no other', async ([person, tenant]) => {
    await as(people[person], async (client) => {
      for (const view of views.filter((name) => name.startsWith('rollcall.'))) {
        const { rows } = await client.query(`SELECT to_jsonb(v)::text AS row FROM ${view} v`);
        expect({ view, rows: rows.length }).toEqual({ view, rows: 1 });
        expect(rows[0].row).not.toContain(`x${3 - Number(tenant)}`);
      }
      const { rows } = await client.query('SELECT accepted FROM rollcall.audit($1)', [
        `x${3 - Number(tenant)}`,
      ]);
      expect(rows).toEqual([]);
      const own = await client.query('SELECT job_id FROM rollcall.results_of($1)', [`+${tenant}`]);
      expect(own.rows).toEqual([{ job_id: `x${tenant}` }]);
      const other = [`+${3 - Number(tenant)}`];
      expect((await client.query('SELECT FROM rollcall.results_of($1)', other)).rowCount).toBe(0);
    });
  });

  test('who is bound to no tenant sees nothing', async () => {
    await as(people.eve, async (client) => {
      for (const view of views.filter((name) => name.startsWith('rollcall.'))) {
        expect((await client.query(`SELECT FROM ${view}`)).rowCount).toBe(0);
      }
      expect((await client.query("SELECT FROM rollcall.results_of('+1')")).rowCount).toBe(0);
    });
  });

  test('nobody binds himself elsewhere: no setting, no role and no table lets him', async () => {
    await as(people.ann, async (client) => {
      await client.query("SET rollcall.tenant = '2'");
      expect((await client.query('SELECT job_id FROM rollcall.jobs')).rows).toEqual([
        { job_id: 'x1' },
      ]);
      for (const statement of [
        'SET ROLE rollcall_api',
        'SET ROLE rollcall_worker',
        `SET SESSION AUTHORIZATION ${people.bob}`,
        `SET ROLE ${people.bob}`,
        'UPDATE store.tenant_readers SET tenant_id = 2',
        `SELECT store.let_read('${people.ann}', 'x2')`,
        'SELECT raw_body FROM store.evidence',
        'SELECT body_excerpt FROM store.evidence',
        'SELECT raw FROM store.rejects',
        'SELECT FROM store.jobs',
        'SELECT FROM store.results WHERE job_no = 2',
        'SELECT digest FROM store.api_keys',
        'UPDATE rollcall.jobs SET name = NULL',
        'CREATE TABLE rollcall.mine (a int)',
      ]) {
        expect([statement, await refusal(client.query(statement))]).toEqual([
          statement,
          expect.stringMatching(/^(42501|55000)/),
        ]);
      }
      await client.query('SET ROLE rollcall_analyst');
      expect((await client.query('SELECT job_id FROM rollcall.jobs')).rows).toEqual([
        { job_id: 'x1' },
      ]);
    });
  });

  test('looking a number up takes as many pages whether another tenant has it or nobody', async () => {
    const { db } = ground;
    await db.query(
      `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
       SELECT (now() AT TIME ZONE 'UTC')::date, 2, 1000 + 2 * n, 2, 2, 'registered' FROM generate_series(1, 5000) n`,
    );
    await db.query('ANALYZE store.results');
    const pages = async (client: pg.Client, number: number): Promise<number> => {
      const { rows } = await client.query(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT FROM rollcall.results_of('+${number}')`,
      );
      const plan = rows[0]['QUERY PLAN'][0].Plan;
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    };
    await as(people.ann, async (client) => {
      // Three times, for what a session reads once.
      for (let time = 1; time <= 3; time += 1) await pages(client, 5001);
      expect(await pages(client, 5000)).toBe(await pages(client, 5001));
      expect((await client.query("SELECT * FROM rollcall.results_of('+1')")).rows).toEqual(
        (await client.query("SELECT * FROM rollcall.results WHERE number = '+1'")).rows,
      );
    });
    await db.query('DELETE FROM store.results WHERE number > 1000');
  });

  test('a role that sees more than one tenant is bound to none', async () => {
    const { db } = ground;
    for (const reader of ['rollcall_worker', 'nobody_at_all', await ownRole()]) {
      expect(await refusal(db.query('SELECT store.let_read($1, $2)', [reader, 'x2']))).toMatch(
        /a reader is a role/,
      );
    }
    await db.query(`GRANT rollcall_worker TO ${people.eve}`);
    expect(await refusal(db.query('SELECT store.let_read($1, $2)', [people.eve, 'x2']))).toMatch(
      /more than one tenant/,
    );
    await db.query(`REVOKE rollcall_worker FROM ${people.eve}`);
    expect(await refusal(db.query('SELECT store.let_read($1, $2)', [people.eve, 'x3']))).toMatch(
      /no tenant x3/,
    );
  });

  async function ownRole(): Promise<string> {
    return (await names('SELECT current_user AS name'))[0] ?? '';
  }
});

// Last: from here on grants keep nobody away, so that what is left is the policies.
describe('with every right granted, policies alone', () => {
  beforeAll(() =>
    ground.db.query(
      `GRANT ALL ON ALL TABLES IN SCHEMA store TO rollcall_api, rollcall_worker, rollcall_analyst`,
    ),
  );
  // Grants are this database's: it is thrown away.

  test('every table and every partition, read, changed and emptied, is its tenant’s', async () => {
    for (const table of [...tables, ...partitions]) {
      const all = await tenantsSeen(ground.db, table);
      const own = all.filter((tenant) => tenant === 1);
      const { rows } = await ground.db.query<{ rows: number }>(
        `SELECT count(*) AS rows FROM store.${table} WHERE tenant_id = 1`,
      );
      expect({ table, seen: await tenantsSeen(api.ofTenant(1), table) }).toEqual({
        table,
        seen: own,
      });
      expect({ table, seen: await tenantsSeen(worker, table) }).toEqual({ table, seen: all });
      expect(await refusal(tenantsSeen(api, table))).toMatch(all.length > 0 ? /^42501/ : /./);
      const rolledBack = new Error('rolled back');
      const counts = await api
        .ofTenant(1)
        .transaction('test', async (tx) => {
          const updated = await tx.query(`UPDATE store.${table} SET tenant_id = 1`);
          const deleted = await tx.query(`DELETE FROM store.${table}`);
          throw Object.assign(rolledBack, {
            counts: [updated.rowCount, deleted.rowCount],
          });
        })
        .catch((error: unknown) => {
          if (error !== rolledBack) throw error;
          return (error as Error & { counts: unknown }).counts;
        });
      expect({ table, counts }).toEqual({ table, counts: [rows[0]?.rows, rows[0]?.rows] });
    }
    expect(partitions.length).toBeGreaterThan(12);
  });

  test('a row is neither written for another tenant nor moved to one', async () => {
    for (const table of tables) {
      const own = api.ofTenant(1);
      const inserted = own.transaction('test', (tx) =>
        tx.query(
          `INSERT INTO store.${table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(t, '{"tenant_id": 2}')).* FROM store.${table} t`,
        ),
      );
      expect([table, await refusal(inserted)]).toEqual([
        table,
        expect.stringMatching(/^42501 new row violates row-level security/),
      ]);
      const moved = own.transaction('test', (tx) =>
        tx.query(`UPDATE store.${table} SET tenant_id = 2`),
      );
      expect([table, await refusal(moved)]).toEqual([
        table,
        expect.stringMatching(/^42501 new row violates row-level security/),
      ]);
    }
  });

  test('the wall is what does it: taken down, the same look finds the other tenant’s rows', async () => {
    await ground.db.query('ALTER TABLE store.results DISABLE ROW LEVEL SECURITY');
    expect(await tenantsSeen(api.ofTenant(1), 'results')).toEqual([1, 2]);
    await ground.db.query('ALTER TABLE store.results ENABLE ROW LEVEL SECURITY');
    expect(await tenantsSeen(api.ofTenant(1), 'results')).toEqual([1]);
  });
});
