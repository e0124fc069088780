import { randomBytes } from 'node:crypto';
import { type ChunkId, type ErasureId, makeId, Reconciliation } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transaction } from '../database.ts';
import { suppressionCheck } from '../suppression-check.ts';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { approval, person } from '../testing/held-chunks.ts';
import { interposed } from '../testing/interposed.ts';
import { answerSome, makeRetry, rejectForFree } from '../testing/retried-job.ts';
import { claim, finish, plan, receive, readyChunk, someNumbers } from '../testing/walk-chunk.ts';
import { askReplay } from './ask-replay.ts';
import { beginUpload } from './begin-upload.ts';
import { claimReplay } from './claim-replay.ts';
import { eraseFromJob, jobsWithNumber } from './erase-from-job.ts';
import {
  eraseFromRows,
  nationalSpellingsOf,
  type NationalSpellings,
  stepsThroughRows,
} from './erase-from-rows.ts';
import type { ErasureClaim } from './erase-number.ts';
import { numbersOfChunk } from './numbers-of-chunk.ts';
import { settleReplay } from './settle-replay.ts';

// What meets an erasure in the middle. The worker's tests have the whole of it.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const digests = numberDigests([
  { id: 'test', secret: 'a-secret-for-tests-and-nothing-else-at-all' },
]);
let firstFree = 48_600_000_000;
const fresh = (count: number): Float64Array => someNumbers(count, (firstFree += 1_000));

function erasureOf(number: number): ErasureClaim {
  const id = makeId('erasure', Date.now(), randomBytes(10)) as ErasureId;
  const digest = digests.digest('test', number);
  return { id, tenantId: 1, number, secretId: 'test', digest };
}

/** Takes a number out of all jobs that have it. */
async function eraseRows(
  number: number,
  through: (tx: Transaction) => Transaction = (tx) => tx,
): Promise<readonly string[]> {
  const erasure = erasureOf(number);
  const done: string[] = [];
  for (const job of await jobsWithNumber(ground.db, erasure)) {
    done.push(await ground.db.transaction('test', (tx) => eraseFromJob(through(tx), erasure, job)));
  }
  return done;
}

/** Takes it out of the rows that no job counts. */
async function eraseOtherRows(
  number: number,
  national: readonly NationalSpellings[] = [],
): Promise<Readonly<Record<string, number>>> {
  const removed: Record<string, number> = {};
  for (const step of await stepsThroughRows(ground.db, erasureOf(number), national)) {
    Object.assign(removed, await ground.db.transaction('test', (tx) => eraseFromRows(tx, step)));
  }
  return removed;
}

const attemptRow = (attemptId: string) =>
  row(ground, 'SELECT numbers, sent_sha256 FROM store.attempts WHERE id = $1', [attemptId]);

test('an upload is not begun with a number that was erased since its chunk was claimed, and keeps no hash of it', async () => {
  const { jobId, chunkId } = await readyChunk(ground);
  const claimed = await claim(ground, chunkId);
  const unasked = suppressionCheck(digests).hold(1, new Float64Array());
  const upload = { ...claimed, lease_ms: 60_000, sha256: new Uint8Array(32), numbers: unasked };
  const numbers = await row(
    ground,
    'SELECT min(number) AS first FROM store.job_numbers n JOIN store.jobs j ON j.job_no = n.job_no WHERE j.id = $1',
    [jobId],
  );
  expect(await eraseRows(Number(numbers['first']))).toEqual(['erased']);
  expect(await beginUpload(ground.db, upload)).toBe('list_changed');
  expect(await attemptRow(claimed.attemptId)).toEqual({ numbers: 3, sent_sha256: null });
});

test('a retry that is being made of a number is waited for, so that its copy is found', async () => {
  const numbers = fresh(3);
  const rootId = await receive(ground, numbers);
  const [chunkId = ''] = await plan(ground, rootId, [{ size: 3 }]);
  await rejectForFree(ground, chunkId);
  const jobId = await makeRetry(ground, rootId);
  const [again = ''] = await plan(ground, jobId, [{ size: 3 }]);
  await rejectForFree(ground, again);
  // The first job, which a retry locks as a whole, has it no more.
  const erasure = erasureOf(numbers[0] ?? 0);
  const [root] = await jobsWithNumber(ground.db, erasure);
  if (!root) throw new Error('no job has the number');
  await ground.db.transaction('test', (tx) => eraseFromJob(tx, erasure, root));
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;
  let erasing: Promise<readonly string[]> | undefined;
  let hasEnded = false;
  const meanwhile = async () => {
    erasing ??= eraseRows(numbers[0] ?? 0).finally(() => {
      hasEnded = true;
    });
    await waitFor(async () => hasEnded || (await ground.db.query(waiting)).rowCount, {
      describe: 'the erasure to wait for the retry, or to be done',
    });
    expect(hasEnded).toBe(false);
  };
  const transaction: Ground['db']['transaction'] = (name, work) =>
    ground.db.transaction(name, (tx) =>
      work(interposed(tx, 'INSERT INTO store.job_numbers', meanwhile)),
    );
  const retryId = await makeRetry(
    { ...ground, db: Object.assign(Object.create(ground.db), { transaction }) },
    jobId,
  );
  expect(await erasing).toEqual(['erased']);
  // It was not there when the erasure looked for jobs; the look at the end finds it.
  expect(await jobsWithNumber(ground.db, erasure)).toHaveLength(1);
  await plan(ground, retryId, [{ size: 3 }]);
  expect(await eraseRows(numbers[0] ?? 0)).toEqual(['erased']);
  for (const job of [rootId, jobId, retryId]) {
    expect(await row(ground, 'SELECT lines_ok, erased FROM rollcall.audit($1)', [job])).toEqual({
      lines_ok: true,
      erased: 1,
    });
  }
});

test.each(['compare', 'correct'] as const)(
  'a replay that began between two statements of an erasure keeps nothing of what it read: %s',
  async (mode) => {
    const { db } = ground;
    const numbers = fresh(4);
    const number = numbers[1] ?? 0;
    const jobId = await receive(ground, numbers);
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 4 }]);
    await answerSome(ground, chunkId, [0, 1, 2, 3]);
    const asked = await askReplay(db, {
      id: makeId('replay', Date.now(), randomBytes(10)),
      chunkId: chunkId as ChunkId,
      apply: mode === 'correct',
      by: person,
    });
    expect(asked.kind).toBe('asked');
    const replay = async () => {
      const claimed = await db.transaction('test', (tx) => claimReplay(tx, chunkId, 30_000));
      if (!claimed) throw new Error('nothing to claim');
      const { jobNo, jobDay, range } = claimed;
      return { claimed, read: await numbersOfChunk(db, jobNo, jobDay, range, claimed.numbers) };
    };
    let begun: Awaited<ReturnType<typeof replay>> | undefined;
    const through = (tx: Transaction) =>
      interposed(tx, 'UPDATE store.replays', async () => {
        begun ??= await replay();
      });
    expect(await eraseRows(number, through)).toEqual(['erased']);
    if (!begun) throw new Error('the replay did not begin');
    const { claimed, read } = begun;
    expect([...read]).toContain(number);
    const reconciliation = new Reconciliation(read);
    for (const each of read) reconciliation.add(each, 'not_registered', null);
    const settled = await db.transaction('test', (tx) =>
      settleReplay(tx, claimed, read, reconciliation, 'table'),
    );
    expect(settled).toEqual({ kind: 'stale' });
    for (const table of ['results', 'replayed_rows']) {
      const left = await db.query(`SELECT FROM store.${table} WHERE number = $1`, [number]);
      expect([table, left.rowCount]).toEqual([table, 0]);
    }
    // When its lease is over it is read again, without the number.
    await db.query("UPDATE store.replays SET due_at = now() WHERE state = 'running'");
    expect([...(await replay()).read]).toEqual([...numbers].filter((each) => each !== number));
  },
);

test('a number of a month that is over and could not be dropped yet is erased as well', async () => {
  const numbers = fresh(2);
  const number = numbers[0] ?? 0;
  const jobId = await receive(ground, numbers);
  const [chunkId = ''] = await plan(ground, jobId, [{ size: 2 }]);
  await finish(ground, chunkId);
  await ground.db.query(
    'UPDATE store.jobs SET rows_dropped_at = now(), files_dropped_at = now() WHERE id = $1',
    [jobId],
  );
  expect(await eraseRows(number)).toEqual([]);
  const removed = await eraseOtherRows(number);
  expect(removed).toEqual({ job_numbers: 1, results: 1 });
});

test('people’s own words lose the number, and stay as they are otherwise', async () => {
  const { db } = ground;
  const [number = 0] = fresh(1);
  const jobId = await receive(ground, fresh(1));
  await db.query(
    `INSERT INTO store.retry_approvals (id, tenant_id, job_id, approved_by, why, numbers, may_be_paid, cost, cost_ceiling, currency)
     VALUES ($1, 1, $2, 'ana', $3, 1, 1, 1, 1, 'USD')`,
    [approval().id, jobId, `+${number} asked twice`],
  );
  const removed = await eraseOtherRows(number);
  expect(removed).toEqual({ retry_approvals: 1 });
  const kept = await row(ground, 'SELECT why FROM store.retry_approvals WHERE job_id = $1', [
    jobId,
  ]);
  expect(kept).toEqual({ why: '+[erased] asked twice' });
  await expect(
    db.transaction('test', async (tx) => {
      await tx.query("SET LOCAL rollcall.forgets TO 'on'");
      await tx.query("UPDATE store.retry_approvals SET approved_by = 'bob'");
    }),
  ).rejects.toThrow('append-only');
});

test('people’s own words lose the number also as it is written in a country that they upload numbers of', async () => {
  const [number = 0] = fresh(1);
  const jobId = await receive(ground, fresh(1));
  const written = `0${String(number).slice(2, 5)} ${String(number).slice(5)}`;
  await ground.db.query('UPDATE store.jobs SET name = $2, purpose = $2 WHERE id = $1', [
    jobId,
    `of ${written}, 2024`,
  ]);
  expect(await eraseOtherRows(number)).toEqual({});
  const spellings = nationalSpellingsOf(number, '48') ?? '';
  expect(await eraseOtherRows(number, [{ region: 'PL', spellings }])).toEqual({ jobs: 1 });
  expect(await row(ground, 'SELECT name, purpose FROM store.jobs WHERE id = $1', [jobId])).toEqual({
    name: 'of [erased], 2024',
    purpose: 'of [erased], 2024',
  });
});

test('what people wrote of a replay loses the number, and nothing else of it changes', async () => {
  const { db } = ground;
  const [number = 0] = fresh(1);
  const { rows } = await db.query<{ chunk: string }>(
    'SELECT chunk_id AS chunk FROM store.replays LIMIT 1',
  );
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query('UPDATE store.replays SET why = $2 WHERE chunk_id = $1', [
      rows[0]?.chunk,
      `+${number} says so`,
    ]);
  });
  expect(await eraseOtherRows(number)).toEqual({ replays: 1 });
  await expect(
    db.transaction('test', async (tx) => {
      await tx.query("SET LOCAL rollcall.forgets TO 'on'");
      await tx.query("UPDATE store.replays SET asked_by = 'bob'");
    }),
  ).rejects.toThrow('not change');
});

test('rejected lines lose the number in every script and with every sign, and others stay', async () => {
  const { db } = ground;
  const [number = 0] = fresh(1);
  const digits = String(number);
  const cut = (sign: string) =>
    `+${digits.slice(0, 2)}${sign}${digits.slice(2, 6)}${sign}${digits.slice(6)}`;
  const inScript = (zero: number) =>
    Array.from(digits, (digit) => String.fromCharCode(zero + Number(digit))).join('');
  const lines = [
    ...['\u2011', '\u2013', '\u200b', '\u00ad', '\u3000', '\u00a0', ']', '~', '    '].map(cut),
    ...[0xff10, 0x0660, 0x06f0].map(inScript),
    `${digits.slice(0, 2)} (0)${digits.slice(2)}`,
  ].map((text) => `call ${text} today`);
  const others = [`call ${digits}1`, `call 1${digits}`, `call ${digits.slice(0, -1)} 9x`];
  const jobId = await receive(ground, fresh(1));
  await db.query(
    `INSERT INTO store.rejects (job_day, tenant_id, job_no, line_no, reason, raw)
     SELECT job_day, tenant_id, job_no, line, 'not_a_number', raw FROM store.jobs, unnest($2::text[]) WITH ORDINALITY AS r (raw, line) WHERE id = $1`,
    [jobId, [...lines, ...others]],
  );
  expect(await eraseOtherRows(number)).toEqual({ rejects: lines.length });
  const kept = await db.query<{ raw: string }>(
    'SELECT raw FROM store.rejects r JOIN store.jobs j ON j.job_no = r.job_no WHERE j.id = $1 ORDER BY line_no',
    [jobId],
  );
  expect(kept.rows.map(({ raw }) => raw.replace('+', ''))).toEqual([
    ...lines.map(() => 'call [erased] today'),
    ...others,
  ]);
});
