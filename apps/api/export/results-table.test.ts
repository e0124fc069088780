import { resultPageSchema } from '@rollcall/contract';
import { finalJobStates } from '@rollcall/domain';
import { findExportedJob } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { posterTo, query } from '../testing/post-job.ts';
import { csvText } from './csv-text.ts';
import { resultsTable } from './results-table.ts';

/** What cells are quoted and guarded for, alone and together, and what must stay as it is. */
const pieces = [
  '',
  '=1+1',
  '+44 7911 (123) 456',
  '-5',
  '-5e3',
  '-5E+3',
  '-5e',
  '+1,5',
  '-1.5.2',
  '-\u00a012\u202f345',
  '- \u2009 1',
  '-١٢',
  '-٣e٤',
  '-a',
  '-1\n',
  '+\n',
  '@SUM(A1)',
  '\tx',
  '\rx',
  '\nx',
  ' =x',
  '"',
  '""',
  'a"b',
  'a,b',
  'a;b',
  'a\r\nb',
  "'=x",
  '\\',
  '\\n',
  '%',
  'ü',
  '😀',
  '=😀"',
  'K',
  '\u2028',
  '\u007f',
  '-%',
  '-()',
  '+1)2',
  '=cmd|"/C calc"!A0',
  '-1,"2"',
  'null',
] as const;
const names = ['plain', 'outcome', 'na"me', "o'clock", '=name', 'ключ', '1', '$1', '__proto__'];

let ground: Ground;
let authorization: string;
let root: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['admin']);
  const lines = Array.from(
    { length: pieces.length * 4 },
    (_, at) => `+447911123${String(at).padStart(3, '0')}`,
  );
  const stored = await posterTo(ground, authorization).post(
    lines.join('\n'),
    { 'content-type': 'text/plain' },
    query,
  );
  root = stored.body.id;
  await answerJob(ground.database, root, (number) => {
    const outcome = ['registered', 'missing', 'suppressed', 'not_registered'][number % 4] ?? '';
    return outcome === 'missing' ? { outcome } : { outcome, attributes: attributesOf(number) };
  });
  const response = await fetch(`${ground.url}/v1/jobs/${root}/retry`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ approval: { why: 'a test', cost_ceiling: '10' } }),
  });
  const retry = ((await response.json()) as Json).id;
  await answerJob(ground.database, retry, (number) => ({
    outcome: number % 3 === 0 ? 'registered' : 'missing',
    attributes: attributesOf(number + 7),
  }));
});
afterAll(() => ground.close());

/** Of each number some names, each with a piece or two of them together. */
function attributesOf(number: number): Readonly<Record<string, string>> {
  const pieceAt = (at: number) => pieces[at % pieces.length] ?? '';
  return Object.fromEntries(
    names
      .filter((_, at) => (number + at) % 3 !== 1)
      .map((name, at) => [name, pieceAt(number + at) + (at % 2 ? pieceAt(number * 3 + at) : '')]),
  );
}

test.each([
  [false, null],
  [true, null],
  [false, 'suppressed'],
  [true, 'registered'],
  [false, 'banned'],
])(
  'csv that Postgres puts together is byte for byte that of the cells (latest %s, outcome %s)',
  async (latest, outcome) => {
    const job = await findExportedJob(ground.database, 1, root);
    if (!job) throw new Error('the job is not there');
    expect(finalJobStates).toContain(job.state);
    const { signal } = new AbortController();
    const source = { database: ground.database.ofTenant(1), job, latest, signal };
    const byCells = resultsTable(source, outcome);
    const header = await byCells.header();
    const expected: string[] = [];
    for await (const rows of byCells.rows()) expected.push(csvText(rows));
    const byPostgres = resultsTable(source, outcome);
    await byPostgres.header();
    const texts: string[] = [];
    for await (const { text } of byPostgres.csv?.() ?? []) texts.push(text);
    expect(texts.join('')).toBe(expected.join(''));
    expect(expected.length > 0).toBe(outcome !== 'banned');
    // One is named like a column of ours.
    expect(header).toEqual(expect.arrayContaining([...names, 'attribute_outcome']));
  },
);

test('a page of results, of which Postgres gives the rows as text, is JSON of its schema with the same objects', async () => {
  const response = await fetch(`${ground.url}/v1/jobs/${root}/results?limit=1000`, {
    headers: { authorization },
  });
  const body = await response.json();
  expect(resultPageSchema.safeParse(body)).toMatchObject({ success: true });
  const { objects } = await exportOf(ground, authorization, root, 'format=ndjson');
  expect((body as Json).data).toEqual(objects());
});
