import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Verdict } from '@rollcall/domain';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, type Transaction } from './database.ts';
import { settlePoll } from './sql/poll-tasks.ts';
import { heldUnknown, lost, notSent, ready, retry } from './testing/answers.ts';
import { type Ground, layGround, once } from './testing/ground.ts';
import { makeRetry } from './testing/retried-job.ts';
import {
  archive,
  claim,
  claimPoll,
  plan,
  publish,
  receive,
  settle,
  someNumbers,
  startIngest,
  submit,
} from './testing/walk-chunk.ts';

/**
 * Runs every query of docs/queries.md, as it stands there, and compares its answer with the table below it. It is asked by a person who was let in as the document
 * says.
 */

const document = await readFile(new URL('../../docs/queries.md', import.meta.url), 'utf8');

let ground: Ground;
let ann: Database;
const login = `ann_${randomBytes(6).toString('hex')}`;
const variables = new Map<string, string>([['since', '2026-11-01']]);

beforeAll(async () => {
  ground = await layGround();
  variables.set('telegram_job', await telegramJob());
  variables.set('whatsapp_job', await whatsappJob());
  variables.set('retried_job', await retriedJob());
  // A day of their own for the ledger and the hold, so that the document can show them.
  await ground.db.query(`
    ALTER TABLE store.ledger DISABLE TRIGGER USER;
    UPDATE store.ledger SET at = '2026-11-20T10:00:00Z';
    UPDATE store.chunks SET changed_at = '2026-11-20T10:00:00Z', held_since = CASE WHEN state = 'held' THEN '2026-11-20T10:00:00Z'::timestamptz END`);
  // The money of the retried job is of another year, so that the two others are shown alone.
  await ground.db.query(
    `UPDATE store.ledger l SET at = '2025-11-20T10:00:00Z' FROM store.jobs j
      WHERE j.job_no = l.job_no AND $1 IN (j.id, j.retry_root)`,
    [variables.get('retried_job')],
  );
  const [, letIn = ''] = /## Who may read[\s\S]*?```sql\n([\s\S]*?)```/.exec(document) ?? [];
  if (!letIn.includes('let_read')) throw new Error('the document does not say how ann is let in');
  await ground.db.query(letIn.replaceAll(/\bann\b/g, login).replace('…', 'secret'));
  const url = new URL(ground.url);
  url.username = login;
  url.password = 'secret';
  ann = openDatabase({
    url: url.href,
    maxConnections: 1,
    applicationName: 'an analyst',
    onIdleError: () => undefined,
  });
});
afterAll(async () => {
  await ann.close();
  await ground.db.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`);
  await ground.close();
});

const said: readonly (Verdict | 'both' | null)[] = [
  'registered',
  'registered',
  'registered',
  'registered',
  'registered',
  'not_registered',
  'not_registered',
  'banned',
  'both',
  null,
];

async function ingest(chunkId: string, verdicts: typeof said, actual: string | null) {
  await submit(ground, chunkId);
  const poll = await claimPoll(ground, chunkId);
  const status = { ...ready, actual: actual === null ? null : { amount: actual, currency: 'USD' } };
  const decision = { kind: 'ready', locator: { kind: 'hash', hash: 'x' } } as const;
  await ground.db.transaction('test', (tx) =>
    settlePoll(tx, poll, { kind: 'status', status }, decision),
  );
  const claimed = await startIngest(ground, chunkId);
  const artifact = await archive(ground, claimed);
  await publish(ground, claimed, artifact.id, (reconciliation, numbers) => {
    for (const [index, number] of numbers.entries()) {
      const verdict = verdicts[index] ?? null;
      for (const each of verdict === 'both' ? (['registered', 'banned'] as const) : [verdict]) {
        if (each !== null) reconciliation.add(number, each, null);
      }
    }
  });
}

async function telegramJob(): Promise<string> {
  const jobId = await receive(ground, someNumbers(10), {
    lines: 13,
    rejected: 3,
    rejects: once([
      { line: 4, reason: 'too_short', raw: '12345' },
      { line: 9, reason: 'not_a_number', raw: 'hello' },
      { line: 11, reason: 'too_short', raw: '999' },
    ]),
  });
  const [chunkId = ''] = await plan(ground, jobId, [{ size: 10 }]);
  // The first try never left the house.
  await settle(ground, await claim(ground, chunkId), notSent, retry);
  await ingest(chunkId, said, '0.018');
  return jobId;
}

async function whatsappJob(): Promise<string> {
  const jobId = await receive(ground, someNumbers(10), { checkName: 'whatsapp' });
  const [answered = '', doubtful = ''] = await plan(ground, jobId, [{ size: 6 }, { size: 4 }]);
  const verdicts = [
    'registered',
    'registered',
    null,
    'not_registered',
    'not_registered',
    'registered',
  ];
  await ingest(answered, verdicts as typeof said, null);
  await settle(ground, await claim(ground, doubtful), lost, heldUnknown);
  return jobId;
}

async function retriedJob(): Promise<string> {
  const jobId = await receive(ground, someNumbers(8));
  const [chunkId = ''] = await plan(ground, jobId, [{ size: 8 }]);
  const five = Array.from({ length: 5 }, () => 'registered' as const);
  await ingest(chunkId, [...five, null, null, null], null);
  const childId = await makeRetry(ground, jobId);
  const [again = ''] = await plan(ground, childId, [{ size: 3 }]);
  await ingest(again, ['not_registered', null, 'not_registered'], null);
  return jobId;
}

interface Worked {
  readonly title: string;
  readonly sql: string;
  /** The file that the section's `\copy` reads. */
  readonly csv: string;
  /** The first table below the query, heading first. */
  readonly answer: readonly (readonly string[])[];
  /** First cells of the second one, where there is one. */
  readonly explained: readonly string[];
}

const worked: readonly Worked[] = document
  .split('\n## ')
  .filter((section) => /^\d/.test(section))
  .map((section) => {
    const [, sql = '', below = ''] = /```sql\n([\s\S]*?)```([\s\S]*)/.exec(section) ?? [];
    const [answer = [], explained = []] = below
      .split('\n\n')
      .filter((part) => part.trimStart().startsWith('|'))
      .map(cellsOf);
    return {
      title: section.split('\n')[0] ?? '',
      sql,
      csv: /```csv\n([\s\S]*?)```/.exec(section)?.[1] ?? '',
      answer,
      explained: explained.slice(1).map(([first = '']) => first.replaceAll('`', '')),
    };
  });

function cellsOf(table: string): string[][] {
  return table
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[ -]+\|/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** As psql does with `:'name'`. */
function filledIn(sql: string): string {
  return sql.replaceAll(/:'(\w+)'/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`no value for the variable ${name}`);
    return `'${value}'`;
  });
}

/** Runs a section's statements one by one; `\copy`, which is psql's own, as psql has it run. The answer of the last one. */
async function answerOf(tx: Transaction, sql: string, csv: string): Promise<string[][]> {
  let answer: string[][] = [];
  for (const step of filledIn(sql).split(/^(\\copy .*)\n/m)) {
    const [, table, options] = /^\\copy (\w+) FROM '[\w.]+' (\(.*\))$/.exec(step) ?? [];
    if (table !== undefined) {
      await pipeline([csv], tx.query(copyFrom(`COPY ${table} FROM STDIN ${options}`)));
      continue;
    }
    const { fields, rows } = await tx.query<(string | number | null)[]>({
      text: step,
      rowMode: 'array',
    });
    const shown = rows.map((cells) => cells.map((cell) => (cell === null ? '' : String(cell))));
    answer = [fields.map((field) => field.name), ...shown];
  }
  return answer;
}

test('there are nine of them', () => {
  expect(worked).toHaveLength(9);
});

test.each(worked)('$title', async ({ sql, csv, answer }) => {
  expect(await ann.transaction('test', (tx) => answerOf(tx, sql, csv))).toEqual(answer);
});

test('the audit’s columns are explained, and it has no row for a job that is not there', async () => {
  const { fields, rows } = await ann.query("SELECT * FROM rollcall.audit('job_none')");
  const section = worked.find(({ sql }) => sql.includes('rollcall.audit'));
  expect(section?.explained).toEqual(fields.map((field) => field.name));
  expect(rows).toEqual([]);
});

test('every column of every view has a comment, and so have the views and the functions', async () => {
  const { rows } = await ground.db.query<{ nameless: string }>(
    `SELECT format('%s.%s', c.relname, a.attname) AS nameless
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE c.relnamespace = 'rollcall'::regnamespace AND COALESCE(col_description(c.oid, a.attnum), '') = ''
     UNION ALL
     SELECT relname FROM pg_class c WHERE relnamespace = 'rollcall'::regnamespace AND COALESCE(obj_description(c.oid, 'pg_class'), '') = ''
     UNION ALL
     SELECT proname FROM pg_proc p WHERE pronamespace = 'rollcall'::regnamespace AND COALESCE(obj_description(p.oid, 'pg_proc'), '') = ''`,
  );
  expect(rows).toEqual([]);
});

test('the views are those of the design', async () => {
  const { rows } = await ground.db.query<{ names: string[] }>(
    "SELECT array_agg(table_name::text ORDER BY table_name) AS names FROM information_schema.views WHERE table_schema = 'rollcall'",
  );
  expect(rows[0]?.names).toEqual([
    'held_chunks',
    'jobs',
    'latest_results',
    'numbers_by_day',
    'paid_twice',
    'rejects',
    'replayed_rows',
    'replays',
    'results',
    'spend',
  ]);
});
