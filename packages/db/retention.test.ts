import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keptElsewhere, retention, tablesKeptAs } from './retention.ts';
import { dropMonths, emptyEvidence } from './sql/drop-months.ts';
import { type Ground, layGround, row } from './testing/ground.ts';
import { finish, plan, receive, someNumbers } from './testing/walk-chunk.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

/** Shifts a job into the past; the machine's clock stays. */
async function shift(jobId: string, day: string): Promise<void> {
  const { db } = ground;
  await db.query('SELECT store.ensure_month($1)', [day]);
  const { job_no } = await row(ground, 'SELECT job_no FROM store.jobs WHERE id = $1', [jobId]);
  await db.query(
    'UPDATE store.blob_parts p SET job_day = $2 FROM store.blobs b WHERE b.id = p.blob_id AND b.job_no = $1',
    [job_no, day],
  );
  for (const table of [...tablesKeptAs('rows'), 'blobs'].filter(
    (each) => each !== 'replayed_rows',
  )) {
    await db.query(`UPDATE store.${table} SET job_day = $2 WHERE job_no = $1`, [job_no, day]);
  }
  await db.query(
    'UPDATE store.artifacts SET job_day = $2 WHERE chunk_id IN (SELECT id FROM store.chunks WHERE job_no = $1)',
    [job_no, day],
  );
  await db.query('UPDATE store.jobs SET job_day = $2 WHERE job_no = $1', [job_no, day]);
}

/** The first day of the month so many months ago. */
async function monthsAgo(months: number): Promise<string> {
  const { day } = await row(
    ground,
    "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => $1))::date AS day",
    [months],
  );
  return String(day);
}

async function closedJob(day: string): Promise<string> {
  const jobId = await receive(ground, someNumbers(3));
  const [chunk = ''] = await plan(ground, jobId, [{ size: 3 }]);
  await finish(ground, chunk);
  await shift(jobId, day);
  return jobId;
}

/** Every value of every table as text: the tables that have the number. */
async function tablesWith(number: number): Promise<readonly string[]> {
  const tables = await ground.db.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'store'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    const { rowCount } = await ground.db.query(
      `SELECT FROM store.${name} t WHERE t::text LIKE '%' || $1 || '%' LIMIT 1`,
      [String(number)],
    );
    if (rowCount !== 0) found.push(name);
  }
  return found;
}

async function left(jobId: string): Promise<Record<string, unknown>> {
  return row(
    ground,
    `SELECT (SELECT count(*) FROM store.job_numbers n WHERE n.job_no = j.job_no) AS numbers,
            (SELECT count(*) FROM store.results r WHERE r.job_no = j.job_no) AS results,
            (SELECT count(*) FROM store.blobs b WHERE b.job_no = j.job_no) AS files,
            (SELECT count(*) FROM store.ledger l WHERE l.job_no = j.job_no) AS money
       FROM store.jobs j WHERE j.id = $1`,
    [jobId],
  );
}

test('every table says how long it is kept and why, and what is kept by months is partitioned', async () => {
  const { rows } = await ground.db.query<{ name: string; partitioned: boolean }>(
    `SELECT c.relname AS name, c.relkind = 'p' AS partitioned FROM pg_class c
      WHERE c.relnamespace = 'store'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(retention).toSorted());
  expect(rows.filter(({ partitioned }) => partitioned).map(({ name }) => name)).toEqual(
    [...tablesKeptAs('rows'), ...tablesKeptAs('files')].toSorted(),
  );
});

test('what is kept elsewhere is told as well', async () => {
  const page = await readFile(new URL('../../docs/privacy.md', import.meta.url), 'utf8');
  for (const place of Object.keys(keptElsewhere)) expect(page).toContain(place);
});

test('months that are over go whole, files before rows, and money and counts stay', async () => {
  const files = await closedJob(await monthsAgo(4));
  const rows = await closedJob(await monthsAgo(9));
  const young = await closedJob(await monthsAgo(2));
  const before = await left(rows);

  expect(await dropMonths(ground.db, { rows: 8, files: 3 })).toMatchObject({ needed: 0, busy: 0 });
  expect(await left(files)).toMatchObject({ numbers: 3, results: 3, files: 0 });
  expect(await left(rows)).toEqual({ ...before, numbers: 0, results: 0, files: 0 });
  expect(await left(young)).toMatchObject({ numbers: 3, results: 3 });

  const audit = (jobId: string) =>
    row(ground, 'SELECT ok, accepted, counted_outcomes, pending FROM rollcall.audit($1)', [jobId]);
  expect(await audit(files)).toMatchObject({ ok: true });
  expect(await audit(rows)).toEqual({ ok: null, accepted: 3, counted_outcomes: 3, pending: 0 });
  const job = await row(ground, 'SELECT state, answered FROM rollcall.jobs WHERE job_id = $1', [
    rows,
  ]);
  expect(job).toEqual({ state: 'completed', answered: 3 });
  // Again: nothing is left to do.
  expect(await dropMonths(ground.db, { rows: 8, files: 3 })).toEqual({
    dropped: 0,
    needed: 0,
    busy: 0,
  });
});

test('of a job whose rows are dropped no number is left in a range, nor a hash by which one is found', async () => {
  const numbers = Float64Array.of(447_911_987_654);
  const jobId = await receive(ground, numbers);
  const [chunk = ''] = await plan(ground, jobId, [{ size: 1 }]);
  await finish(ground, chunk);
  await ground.db.query(
    "UPDATE store.attempts SET sent_sha256 = sha256('+447911987654') WHERE chunk_id = $1",
    [chunk],
  );
  await shift(jobId, await monthsAgo(15));
  expect(await tablesWith(447_911_987_654)).toContain('chunks');
  await dropMonths(ground.db, { rows: 8, files: 3 });
  expect(await tablesWith(447_911_987_654)).toEqual([]);
  const { rows } = await ground.db.query(
    'SELECT c.first_number, c.last_number, a.sent_sha256 FROM store.chunks c JOIN store.attempts a ON a.chunk_id = c.id WHERE c.id = $1',
    [chunk],
  );
  expect(rows).toEqual([{ first_number: -1, last_number: -1, sent_sha256: null }]);
});

test('a month stays while a job of it is open, and while somebody asks one of its jobs again', async () => {
  const day = await monthsAgo(20);
  const open = await receive(ground, someNumbers(2));
  const [chunk = ''] = await plan(ground, open, [{ size: 2 }]);
  await shift(open, day);
  const months = { rows: 8, files: 3 };
  expect(await dropMonths(ground.db, months)).toMatchObject({ dropped: 0, needed: 2 });
  expect(await left(open)).toMatchObject({ numbers: 2 });
  await finish(ground, chunk);
  const retry = await receive(ground, someNumbers(1));
  await ground.db.query('UPDATE store.jobs SET retry_of = $2, retry_root = $2 WHERE id = $1', [
    retry,
    open,
  ]);
  expect(await dropMonths(ground.db, months)).toMatchObject({ dropped: 0, needed: 2 });
  const [again = ''] = await plan(ground, retry, [{ size: 1 }]);
  await finish(ground, again);
  expect(await dropMonths(ground.db, months)).toMatchObject({ needed: 0, busy: 0 });
  expect(await left(open)).toMatchObject({ numbers: 0, files: 0 });
});

test('whoever reads a month keeps it for the time being, and waits for nobody', async () => {
  const jobId = await closedJob(await monthsAgo(30));
  const reader = await ground.db.pool.connect();
  try {
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM store.results');
    const dropped = await dropMonths(ground.db, { rows: 8, files: 3 });
    expect(dropped.busy).toBeGreaterThan(0);
    expect(await left(jobId)).toMatchObject({ results: 3 });
  } finally {
    await reader.query('ROLLBACK');
    reader.release();
  }
  expect(await dropMonths(ground.db, { rows: 8, files: 3 })).toMatchObject({ busy: 0 });
  expect(await left(jobId)).toMatchObject({ results: 0 });
});

test('a young month is not dropped, whatever is asked', async () => {
  const day = await monthsAgo(0);
  await expect(ground.db.query("SELECT store.begin_drop('rows', $1)", [day])).rejects.toThrow(
    'too young',
  );
});

test('what providers said goes with the rows of their job; that they were asked stays', async () => {
  const jobId = await closedJob(await monthsAgo(40));
  const evidence = () =>
    row(
      ground,
      `SELECT count(*) AS exchanges, count(*) FILTER (WHERE e.body_excerpt IS NOT NULL OR e.raw_body IS NOT NULL OR e.transport_error IS NOT NULL) AS told
         FROM store.evidence e JOIN store.attempts a ON a.id = e.attempt_id JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no
        WHERE j.id = $1`,
      [jobId],
    );
  await ground.db.transaction('test', async (tx) => {
    await tx.query("SET LOCAL rollcall.forgets TO 'on'");
    // One that ended without an answer has its error alone.
    await tx.query(
      "UPDATE store.evidence SET body_excerpt = CASE operation WHEN 'submit' THEN NULL ELSE 'a provider’s own words' END, transport_error = 'reset by a peer'",
    );
  });
  const before = await evidence();
  expect(before['told']).toBe(before['exchanges']);
  await dropMonths(ground.db, { rows: 8, files: 3 });
  await emptyEvidence(ground.db);
  expect(await evidence()).toEqual({ exchanges: before['exchanges'], told: 0 });
  await expect(
    ground.db.query("UPDATE store.evidence SET body_excerpt = 'changed'"),
  ).rejects.toThrow('append-only');
});
