import { createHash } from 'node:crypto';
import { addSuppressions, removeSuppressions, suppressionCheck } from '@rollcall/db';
import { numberDigests } from '@rollcall/privacy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

const never = new AbortController().signal;

async function suppress(numbers: readonly number[], digests = testDigests): Promise<void> {
  await ground.db.transaction('test', (tx) =>
    addSuppressions(tx, 1, numbers, digests, 'objection'),
  );
}

/** Numbers that the simulator was sent, over all uploads of an account. */
async function sentTo(account: string): Promise<readonly number[]> {
  const { tasks } = (await ground.simulator.control('GET', 'tasks')) as {
    readonly tasks: readonly { readonly task_id: string; readonly account: string }[];
  };
  const sent: number[] = [];
  for (const task of tasks.filter((each) => each.account === account)) {
    const answer = await fetch(`${ground.simulator.url}/_sim/tasks/${task.task_id}/numbers`);
    sent.push(...(await answer.text()).trim().split('\n').map(Number));
  }
  return sent;
}

async function rowsOf(jobId: string): Promise<Record<string, number>> {
  const { rows } = await ground.db.query<{ outcome: string; numbers: number }>(
    'SELECT outcome, count(*) AS numbers FROM rollcall.results WHERE job_id = $1 GROUP BY 1',
    [jobId],
  );
  return Object.fromEntries(rows.map(({ outcome, numbers }) => [outcome, numbers]));
}

async function audited(jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query('SELECT ok, pending FROM rollcall.audit($1)', [jobId]);
  return rows[0];
}

test('without a list nothing is held to it: no number is looked at, and no statement asks of its entries', async () => {
  const { equipment } = ground;
  const statements: string[] = [];
  const heard = <T extends object>(queryable: T): T =>
    new Proxy(queryable, {
      get(target, name, receiver) {
        if (name === 'query') {
          return (statement: string | { text: string }, values: never) => {
            statements.push(typeof statement === 'string' ? statement : statement.text);
            return (target as typeof ground.db).query(statement as string, values);
          };
        }
        if (name === 'transaction') {
          return (commit: never, work: (tx: object) => Promise<unknown>) =>
            (target as typeof ground.db).transaction(commit, (tx) => work(heard(tx)));
        }
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
  const find = () => Promise.reject(new Error('numbers were held to a list that is not there'));
  const worker = {
    ...equipment,
    db: heard(equipment.db),
    suppressions: { find, hold: () => ({ since: find }) },
  };
  const jobId = await ground.enqueue('telegram', ground.fresh(45));
  await answerAll({ ...ground, equipment: worker }, jobId);
  expect(await rowsOf(jobId)).not.toHaveProperty('suppressed');
  expect(statements.filter((each) => /store\.suppressions\b/.test(each))).toEqual([]);
  // Those that are left: a look for marked numbers in the range of a job, an upload or an ingest, by an index that has none.
  const marked = statements.filter((each) => each.includes('store.suppressed_numbers'));
  expect(new Set(marked).size).toBe(2);
  expect(marked).toHaveLength(1 + 2 * (await ground.chunks(jobId)).length);
});

test('what is on the list when a job comes in has its row, is in no upload, and is not paid for', async () => {
  const numbers = ground.fresh(45);
  const listed = [numbers[0], numbers[20], numbers[44]].map(Number);
  await suppress(listed);
  const jobId = await ground.enqueue('telegram', numbers);
  await answerAll(ground, jobId);

  expect(await rowsOf(jobId)).toMatchObject({ suppressed: 3 });
  expect(await audited(jobId)).toEqual({ ok: true, pending: 0 });
  const sent = await sentTo('ekycpro');
  expect(sent.filter((number) => listed.includes(number))).toEqual([]);
  expect(sent.filter((number) => numbers.includes(number))).toHaveLength(42);
  const { rows } = await ground.db.query(
    `SELECT sum(a.numbers)::int AS paid, bool_and(a.sent_sha256 IS NOT NULL) AS hashed, sum((a.left_out->>'suppressed')::int)::int AS left_out
       FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1`,
    [jobId],
  );
  expect(rows[0]).toEqual({ paid: 42, hashed: true, left_out: 3 });
  const view = await ground.db.query(
    "SELECT DISTINCT source, cost::float8 AS cost FROM rollcall.results WHERE job_id = $1 AND outcome = 'suppressed'",
    [jobId],
  );
  expect(view.rows).toEqual([{ source: 'rollcall', cost: 0 }]);
});

test('a number that is put on the list between intake and upload is left out of the upload, which keeps what it sent', async () => {
  const numbers = ground.fresh(25);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  await suppress([numbers[7] ?? 0]);
  const before = new Set(await sentTo('ekycpro'));
  await answerAll(ground, jobId);
  const sent = (await sentTo('ekycpro')).filter((number) => !before.has(number));
  const { rows } = await ground.db.query<{ sha256: string }>(
    `SELECT a.numbers, a.left_out, encode(a.sent_sha256, 'hex') AS sha256
       FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1`,
    [jobId],
  );
  const lines = sent.map((number) => `+${number}\n`).join('');
  const sha256 = createHash('sha256').update(lines).digest('hex');
  expect(rows).toEqual([{ numbers: 24, left_out: { suppressed: 1 }, sha256 }]);

  expect(await rowsOf(jobId)).toMatchObject({ suppressed: 1 });
  expect(await sentTo('ekycpro')).not.toContain(numbers[7]);
  expect(await audited(jobId)).toEqual({ ok: true, pending: 0 });
});

test('a chunk of which nothing is left to send ends without an upload, its numbers suppressed', async () => {
  const numbers = ground.fresh(2);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  await suppress(numbers);
  await answerAll(ground, jobId);

  expect(await rowsOf(jobId)).toEqual({ suppressed: 2 });
  expect((await ground.job(jobId))['state']).toBe('completed');
  expect(await ground.chunks(jobId)).toMatchObject([{ state: 'cancelled', attempt_id: null }]);
});

describe('a chunk that the list makes smaller than its account takes', () => {
  let strict: Ground;
  beforeAll(async () => {
    strict = await layGround({
      chunkSize: 30,
      change: (account) => ({
        ...account,
        canary: 'off',
        checks: Object.fromEntries(
          Object.entries(account.checks).map(([name, offer]) => [
            name,
            { ...offer, minNumbers: 20 },
          ]),
        ),
      }),
    });
  });
  afterAll(() => strict.close());
  const put = (numbers: readonly number[]) =>
    strict.db.transaction('test', (tx) =>
      addSuppressions(tx, 1, numbers, testDigests, 'objection'),
    );

  test('is cut anew with its neighbours, and never padded', async () => {
    const numbers = strict.fresh(60);
    const jobId = await strict.enqueue('telegram', numbers);
    await planJob(strict.equipment, jobId);
    expect(await strict.chunks(jobId)).toHaveLength(2);
    await put(numbers.slice(0, 15));
    const [small] = await strict.chunks(jobId);
    expect(await submitChunk(strict.equipment, String(small?.['id']), never)).toEqual({
      blocked: 1,
    });
    await planJob(strict.equipment, jobId);
    await answerAll(strict, jobId);
    const { rows } = await strict.db.query(
      "SELECT numbers - suppressed AS sent, suppressed FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 AND c.state = 'done' ORDER BY chunk_no",
      [jobId],
    );
    expect(rows.reduce((sum, row) => sum + Number(row['sent']), 0)).toBe(45);
    expect(rows.every((row) => Number(row['sent']) >= 20)).toBe(true);
    const audit = await strict.db.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
    expect(audit.rows[0]).toEqual({ ok: true });
  });

  test('ends as failed, and says why, where nothing else of the job is left to send with it', async () => {
    const numbers = strict.fresh(21);
    const jobId = await strict.enqueue('telegram', numbers);
    await planJob(strict.equipment, jobId);
    await put(numbers.slice(0, 2));
    await answerAll(strict, jobId);
    const last = (await strict.chunks(jobId)).at(-1);
    expect(last).toMatchObject({ state: 'rejected', reason: 'batch_too_small' });
    const { rows } = await strict.db.query(
      'SELECT outcome, numbers FROM store.job_outcomes o JOIN store.jobs j ON j.job_no = o.job_no WHERE j.id = $1 ORDER BY 1',
      [jobId],
    );
    expect(rows).toEqual([
      { outcome: 'failed', numbers: 19 },
      { outcome: 'suppressed', numbers: 2 },
    ]);
  });
});

test('an entry under an older secret is found, and moved to the current one; one taken off is sent again', async () => {
  const [number = 0, other = 0] = ground.fresh(2);
  const [current, old] = testDigests.ids;
  const before = numberDigests([
    { id: String(old), secret: 'the-secret-of-before-for-tests-and-nothing-else' },
  ]);
  await suppress([number], before);
  const check = suppressionCheck(testDigests);
  const found = await check.find(ground.db, 1, [Float64Array.of(number, other)]);
  expect([...found.suppressed]).toEqual([number]);
  await ground.db.transaction('test', (tx) => found.renew(tx));
  const { rows } = await ground.db.query(
    'SELECT secret_id FROM store.suppressions WHERE digest = ANY($1)',
    [testDigests.all(number).map(({ digest }) => digest)],
  );
  expect(rows).toEqual([{ secret_id: current }]);

  const removed = await ground.db.transaction('test', (tx) =>
    removeSuppressions(tx, 1, [number], testDigests, { endsErasures: true }),
  );
  expect(removed).toEqual({ kind: 'removed', count: 1 });
  const again = await check.find(ground.db, 1, [Float64Array.of(number, other)]);
  expect([...again.suppressed]).toEqual([]);
});

test('the list of one tenant is not held against another', async () => {
  const [number = 0] = ground.fresh(1);
  await suppress([number]);
  const { rows } = await ground.db.query<{ id: number }>(
    "INSERT INTO store.tenants (name) VALUES ('another') RETURNING id",
  );
  const found = await suppressionCheck(testDigests).find(ground.db, rows[0]?.id ?? 0, [
    Float64Array.of(number),
  ]);
  expect([...found.suppressed]).toEqual([]);
});
