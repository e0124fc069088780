import type { Database } from '@rollcall/db';
import type { DemoCheck } from './checks.ts';

/** Columns of the table: the heading, short enough for a terminal, and the field that it shows. */
const figures = {
  lines: 'lines',
  rejects: 'rejected',
  'dupl.': 'duplicates',
  'regist.': 'registered',
  'not reg.': 'not_registered',
  banned: 'banned',
  'undet.': 'undetermined',
  missing: 'missing',
  failed: 'failed',
  cost: 'cost',
  uploads: 'uploads',
  polls: 'polls',
  seconds: 'seconds',
} as const;

/** A row per check: what came in, what came out, what it cost, and how it was got. */
export async function summarise(
  database: Database,
  jobs: readonly { readonly id: string; readonly check: DemoCheck }[],
): Promise<string[][]> {
  const { rows } = await database.query<Record<string, string | number>>(
    `SELECT v.*, round(v.cost, 2)::text || ' ' || v.currency AS cost, round(extract(epoch FROM v.finished_at - v.created_at), 1)::text AS seconds,
            (SELECT count(*) FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id WHERE c.job_no = j.job_no) AS uploads,
            (SELECT count(*) FROM store.poll_history p JOIN store.chunks c ON c.id = p.chunk_id WHERE c.job_no = j.job_no) AS polls
       FROM rollcall.jobs v JOIN store.jobs j ON j.id = v.job_id WHERE v.job_id = ANY($1)`,
    [jobs.map(({ id }) => id)],
  );
  return [
    ['check', 'account', ...Object.keys(figures)],
    ...jobs.map(({ id, check }) => {
      const row = rows.find((each) => each['job_id'] === id) ?? {};
      const cells = Object.values(figures).map((field) => String(row[field] ?? ''));
      return [check.check, check.account, ...cells];
    }),
  ];
}

/** What an analyst might ask next, on the documented views alone. */
export const exampleQuery = `SELECT services, count(*) AS numbers
  FROM (SELECT number, count(DISTINCT check_name) FILTER (WHERE outcome = 'registered') AS services
          FROM rollcall.results GROUP BY number)
 GROUP BY services ORDER BY services`;

/** The answer to a query, its column names first. */
export async function ask(database: Database, query: string): Promise<string[][]> {
  const { fields, rows } = await database.query<Record<string, unknown>>(query);
  const names = fields.map(({ name }) => name);
  return [names, ...rows.map((row) => names.map((name) => String(row[name])))];
}
