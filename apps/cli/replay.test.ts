import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './testing/ground.ts';
import { runCli } from './testing/run-cli.ts';

/** `rollcall replay` against an API and a worker that are processes of their own. */
let ground: Ground;
let key: string;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 60 });
  key = await ground.key(['admin']);
}, 120_000);
afterAll(() => ground.close());

const rollcall = (...words: string[]) => runCli(words, { url: ground.url, key });
const said = ['--check', 'telegram', '--purpose', 'a test', '--requested-by', 'vitest'];
const why = ['--reason', 'a word was not known'];

test('a job is compared, then corrected; each ends with the rows before and after', async () => {
  const { file } = await ground.list(120);
  const checked = await rollcall('check', file, ...said, '--wait');
  const job = checked.out.trim();
  const same = await rollcall('replay', '--job', job, ...why);
  expect([same.code, same.out], same.err).toEqual([
    0,
    'before\tafter\tnumbers\n(same outcome)\t(other attributes)\t0\n(same row)\t(same row)\t120\n',
  ]);

  // As a worker would have left it that did not know the provider's word.
  const { rows } = await ground.database.query<{ number: number }>(
    `WITH one AS (SELECT r.job_no, min(r.number) AS number FROM store.results r JOIN store.jobs j ON j.job_no = r.job_no
                   WHERE j.id = $1 AND r.outcome = 'registered' GROUP BY 1),
     more AS (INSERT INTO store.job_outcomes SELECT job_no, 'undetermined', 1 FROM one ON CONFLICT (job_no, outcome) DO UPDATE SET numbers = job_outcomes.numbers + 1),
     less AS (UPDATE store.job_outcomes o SET numbers = o.numbers - 1 FROM one WHERE o.job_no = one.job_no AND o.outcome = 'registered')
     UPDATE store.results r SET outcome = 'undetermined' FROM one WHERE r.job_no = one.job_no AND r.number = one.number RETURNING r.number`,
    [job],
  );
  const applied = await rollcall('replay', '--job', job, '--apply', '--rows', ...why);
  expect(applied.code, applied.err).toBe(0);
  expect(applied.out).toContain('undetermined\tregistered\t1\n');
  expect(applied.out).toContain(`+${rows[0]?.number}\tundetermined\tregistered\t`);
  expect(applied.err).toContain('corrected, 60 rows before, 60 after.');
  const [, id = ''] = /(rpl_[0-9a-f-]{36})/.exec(applied.err) ?? [];
  const shown = await rollcall('replay', id, '--json');
  expect(JSON.parse(shown.out)).toMatchObject({ id, mode: 'correct', state: 'done' });
}, 120_000);

test('a file that is still in doubt ends with 1, and what does not fit together with 2', async () => {
  const { file } = await ground.list(30);
  await ground.fault({ kind: 'file', edits: { instead: 'html' } });
  const checked = await rollcall('check', file, ...said, '--wait');
  expect(checked.code, checked.err).toBe(6);
  const [, chunk = ''] = /(chk_[0-9a-f-]{36})/.exec((await rollcall('holds')).out) ?? [];
  const compared = await rollcall('replay', chunk, ...why);
  expect([compared.code, compared.err]).toEqual([
    1,
    expect.stringContaining('failed (html); no row was touched.'),
  ]);
  const released = await rollcall('replay', chunk, '--apply', ...why);
  expect([released.code, released.err]).toEqual([1, expect.stringContaining('failed (html)')]);
  expect((await rollcall('replay', chunk)).code).toBe(2);
  expect((await rollcall('replay', ...why)).code).toBe(2);
  expect((await rollcall('replay', chunk, '--account', 'webcom', ...why)).code).toBe(2);
  const [, id = ''] = /(rpl_[0-9a-f-]{36})/.exec(released.err) ?? [];
  expect((await rollcall('replay', id, ...why)).code).toBe(2);
  const lacking = { url: ground.url, key: await ground.key(['jobs:read', 'holds:resolve']) };
  const rows = await runCli(['replay', id, '--rows'], lacking);
  expect([rows.code, rows.err]).toEqual([2, expect.stringContaining('results:read')]);
}, 120_000);
