import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, type Queryable } from './database.ts';
import { readResults } from './sql/read-results.ts';
import { type Ground, layGround } from './testing/ground.ts';

/**
 * What Postgres reads for a page of results and for one number, as plans that were run tell it: of a job of many rows in many chunks, beside as many
 * rows of other jobs, other months and another tenant.
 */

const rowsOfJob = 20_000;
const rowsOfChunk = 100;
const limit = 50;
const first = 447_911_000_000;

let ground: Ground;
let api: Database;
beforeAll(async () => {
  ground = await layGround();
  const { db } = ground;
  await db.query(
    "INSERT INTO store.tenants (id, name) OVERRIDING SYSTEM VALUE VALUES (2, 'another')",
  );
  const jobs = [
    ['job_big', 1, '2026-10-11'],
    ['job_beside', 1, '2026-10-12'],
    ['job_later', 1, '2026-11-12'],
    ['job_theirs', 2, '2026-10-11'],
  ] as const;
  for (const [no, [id, tenantId, day]] of jobs.entries()) {
    await db.query('SELECT store.ensure_month($1)', [day]);
    await db.query(
      `INSERT INTO store.jobs (job_no, id, job_day, tenant_id, check_name, account, purpose, requested_by, currency, state, lines, accepted, duplicates, rejected, open_chunks, planned_at)
       OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, 'telegram', 'acme', 'a test', 'vitest', 'USD', 'running', $5, $5, 0, 0, 1, now())`,
      [no + 1, id, day, tenantId, rowsOfJob],
    );
    await db.query(
      `INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
       SELECT $1, $2, $3::bigint + n, $4, n / $5::int + 1, 'registered' FROM generate_series(0, $6::int - 1) n`,
      [day, tenantId, first, no + 1, rowsOfChunk, rowsOfJob],
    );
    await db.query(
      `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
       SELECT 'chk_' || $1 || n, $2, $3, n, 'acme', $4::bigint + (n - 1) * $5::bigint, $4::bigint + n * $5::bigint - 1, $5, 'ready', now()
         FROM generate_series(1, $6::int) n`,
      [id, no + 1, tenantId, first, rowsOfChunk, rowsOfJob / rowsOfChunk],
    );
  }
  for (const table of ['tenants', 'jobs', 'chunks', 'results'])
    await db.query(`ANALYZE store.${table}`);
  api = openDatabase({
    url: ground.url,
    role: 'rollcall_api',
    maxConnections: 2,
    applicationName: 'rollcall db test',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

/** A step of a plan that was run. */
interface Step {
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Step[];
}

/** A statement that is said by name. */
interface Kept {
  readonly text: string;
  readonly values: readonly (string | number | null)[];
}

/** What was done, of the statements that `read` sends. */
async function stepsOf(db: Database, read: (db: Queryable) => Promise<unknown>): Promise<Step[]> {
  const transaction = (work: (tx: Queryable) => Promise<void>) => db.transaction('test', work);
  const steps: Step[] = [];
  const walk = (step: Step): void => {
    if (step['Actual Loops'] > 0) steps.push(step);
    for (const each of step.Plans ?? []) walk(each);
  };
  const explain = async (on: Queryable, statement: string, values: readonly unknown[]) => {
    const explained = await on.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Step }] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${statement}`,
      [...values],
    );
    walk((explained.rows[0] as (typeof explained.rows)[0])['QUERY PLAN'][0].Plan);
  };
  const explaining = {
    async query(asked: string | Kept, values: readonly unknown[]) {
      if (typeof asked === 'string') await explain(db, asked, values);
      // As a connection keeps it: one plan for all parameters.
      else {
        await transaction(async (tx) => {
          await tx.query('SET LOCAL plan_cache_mode = force_generic_plan');
          await tx.query(`PREPARE kept AS ${asked.text}`);
          const given = asked.values.map((value) => (value === null ? 'NULL' : `'${value}'`));
          await explain(tx, `EXECUTE kept (${given.join()})`, []);
          await tx.query('DEALLOCATE kept');
        });
      }
      return { rows: [] };
    },
  };
  await read(explaining as unknown as Queryable);
  return steps;
}

/** Rows that a table's steps looked at, those included that they left out. */
const readOf = (steps: readonly Step[], table: string): number =>
  steps
    .filter((step) => step['Relation Name']?.startsWith(table))
    .reduce(
      (sum, step) =>
        sum + (step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0)) * step['Actual Loops'],
      0,
    );

test.each([
  ['the first', null],
  ['one in the middle', first + rowsOfJob / 2],
  ['the last', first + rowsOfJob - limit - 1],
])(
  'of a large job %s page of results reads its own rows, and the one or two chunks that they are of',
  async (_, after) => {
    const page = { after, limit, outcome: null };
    const steps = await stepsOf(api.ofTenant(1), (db) => readResults(db, 1, 'job_big', page));
    const ofResults = steps.filter((step) => step['Relation Name']?.startsWith('results'));
    // Of one month: the others are not opened.
    expect(ofResults.map((step) => step['Relation Name'])).toEqual(['results_202610']);
    expect(ofResults[0]).toMatchObject({
      'Index Name': 'results_202610_pkey',
      'Index Cond': expect.stringMatching(/job_no = .*number > /),
    });
    expect(readOf(steps, 'results')).toBe(limit);
    expect(readOf(steps, 'chunks')).toBeLessThanOrEqual(2);
  },
);

test('one number is looked up by its tenant and itself, in each month', async () => {
  const { rows } = await ground.db.query<{ body: string }>(
    "SELECT prosrc AS body FROM pg_proc WHERE proname = 'results_of'",
  );
  // Within a function no plan is told; this is its statement, as its owner runs it.
  const body = (rows[0]?.body ?? '')
    .replace('store.reader_tenant()', '1')
    .replace('= e164', `= '+${first + 7}'`);
  const steps = await stepsOf(ground.db, (db) => db.query(body, []));
  const conditions = steps.flatMap((step) => step['Index Cond'] ?? []);
  const ofResults = conditions.filter((condition) => condition.includes('number'));
  expect(ofResults.length).toBeGreaterThanOrEqual(2);
  for (const condition of ofResults) {
    expect(condition).toMatch(/tenant_id = 1\) AND .*number.* = '\+447911000007'/);
  }
  // Of three jobs of the tenant; the other tenant's row is not looked at.
  expect(readOf(steps, 'results')).toBe(3);
});

test('a page is read by one plan that the connection keeps, and walls between tenants stand in front of it', async () => {
  const one = openDatabase({
    url: ground.url,
    role: 'rollcall_api',
    maxConnections: 1,
    applicationName: 'rollcall db test',
    onIdleError: () => undefined,
  });
  try {
    // It says itself whose job it wants; whose rows it is shown is the connection's to say.
    const rowsOf = async (speaker: number, tenantId: number, job: string) =>
      (
        await readResults(one.ofTenant(speaker), tenantId, job, {
          after: null,
          limit,
          outcome: null,
        })
      )?.rows.length ?? null;
    for (let time = 0; time < 6; time += 1) {
      expect(await rowsOf(1, 1, 'job_big')).toBe(limit);
      expect(await rowsOf(2, 1, 'job_big')).toBeNull();
      expect(await rowsOf(2, 2, 'job_theirs')).toBe(limit);
      expect(await rowsOf(1, 2, 'job_theirs')).toBeNull();
    }
    const { rows } = await one
      .ofTenant(1)
      .query('SELECT name, generic_plans, custom_plans FROM pg_prepared_statements');
    expect(rows).toEqual([{ name: 'results.page', generic_plans: 24, custom_plans: 0 }]);
    // What is not kept is planned as ever.
    const mode = await one.ofTenant(1).query('SHOW plan_cache_mode');
    expect(mode.rows).toEqual([{ plan_cache_mode: 'auto' }]);
    const page = { after: null, limit, outcome: null };
    await expect(readResults(one, 1, 'job_big', page)).rejects.toThrow('names no tenant');
  } finally {
    await one.close();
  }
});
