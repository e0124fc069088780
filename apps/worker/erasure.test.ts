import { readErasure } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { replayChunk } from './stages/replay.ts';
import { submitChunk } from './stages/submit.ts';
import { erase } from './sweeps/erase.ts';
import { type Ground, layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { askAgain } from './testing/ask-again.ts';
import { askToErase, eraseNumber, untilErasuresBegin } from './testing/erase-number.ts';
import { findInRows, findNumber } from './testing/find-number.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

const never = new AbortController().signal;

const ask = (number: number) => askToErase(ground.db, number);
const eraseNow = (number: number) => eraseNumber(ground.db, ground.equipment, number);

const findAnywhere = (number: number) => findNumber(ground.db, number);

async function fileHashes(): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await ground.db.query<{ id: string; sha256: Buffer }>(
    'SELECT id, sha256 FROM store.blobs',
  );
  return new Map(rows.map(({ id, sha256 }) => [id, sha256]));
}
async function etags(): Promise<number> {
  const { rows } = await ground.db.query<{ files: number }>(
    "SELECT count(*) AS files FROM store.artifacts WHERE headers ? 'etag'",
  );
  return rows[0]?.files ?? 0;
}
const findText = (text: string) => findInRows(ground.db, (row) => row.includes(text));
async function ledger(): Promise<unknown> {
  const { rows } = await ground.db.query(
    'SELECT entry, amount, attempt_id FROM store.ledger ORDER BY id',
  );
  return rows;
}
async function audited(jobId: string): Promise<unknown> {
  const { rows } = await ground.db.query(
    'SELECT ok, erased, pending, accepted = counted_outcomes + pending AS whole FROM rollcall.audit($1)',
    [jobId],
  );
  return rows[0];
}

test('a number is erased from every row and file of closed jobs, and money and counts stay', async () => {
  const numbers = ground.fresh(40);
  const number = numbers[12] ?? 0;
  const uploaded = numbers.map((each) => `+${each}`).join('\n');
  const closed = await ground.enqueue('telegram', numbers, { upload: uploaded });
  await answerAll(ground, closed);
  // Where else it may have come to.
  const rejected = await ground.enqueue('telegram', ground.fresh(20), { upload: `x ${number}` });
  await answerAll(ground, rejected);
  await ground.db.query(
    `INSERT INTO store.rejects SELECT job_day, tenant_id, job_no, 1, 'not_a_number', $2 FROM store.jobs WHERE id = $1`,
    [rejected, `call 00${String(number).slice(0, 2)} ${String(number).slice(2)} today`],
  );
  await ground.db.query(`UPDATE store.jobs SET name = $2 WHERE id = $1`, [
    rejected,
    `of ${number}`,
  ]);
  await ground.db.query(
    `INSERT INTO store.quarantined_rows SELECT job_day, tenant_id, job_no, 1, 'art_x', $2::bigint, 'foreign', ARRAY['registered'] FROM store.jobs WHERE id = $1`,
    [rejected, number],
  );
  const before = await ledger();
  const filesBefore = await fileHashes();
  const etagsBefore = await etags();
  expect((await findAnywhere(number)).length).toBeGreaterThan(5);

  const id = await eraseNow(number);
  expect(await findAnywhere(number)).toEqual([]);
  expect(await ledger()).toEqual(before);
  expect(await audited(closed)).toEqual({ ok: true, erased: 1, pending: 0, whole: true });
  expect(await ground.job(closed)).toMatchObject({ state: 'completed', accepted: 40, erased: 1 });
  const receipt = await readErasure(ground.db, 1, id);
  expect(receipt).toMatchObject({
    removed: { job_numbers: 1, results: 1, rejects: 1, quarantined_rows: 1, jobs: 1 },
    recipients: [{ account: 'ekycpro', uploads: [{ sentAt: expect.any(Date) }] }],
    digest: testDigests.digest('new', number),
  });
  expect(JSON.stringify(receipt)).not.toContain(String(number));
  // Both uploads, and the result files of the chunk that had it.
  expect(receipt?.files.map(({ kind }) => kind).toSorted()).toEqual([
    'artifact',
    'upload',
    'upload',
  ]);
  // The SHA-256 before would give the number back to whoever has the file with zeros: it is there under the secret alone, and in no row.
  for (const { file, kind, old, newSha256 } of receipt?.files ?? []) {
    const replaced = filesBefore.get(file) ?? Buffer.alloc(0);
    expect(old?.hmac_sha256).toBe(testDigests.seal(replaced).digest.toString('hex'));
    expect(newSha256).not.toBe(replaced.toString('hex'));
    if (kind === 'artifact') expect(await findText(replaced.toString('hex'))).toEqual([]);
  }
  expect(await etags()).toBe(etagsBefore - 1);
  // Again: nothing is left, and a receipt says so.
  const again = await eraseNow(number);
  expect((await readErasure(ground.db, 1, again))?.removed).toEqual({});
});

test('a number at the edge of its chunk leaves the range, and one that was alone leaves an empty chunk behind', async () => {
  const numbers = ground.fresh(25);
  const edges = [numbers[0], numbers[24]].map(Number);
  const job = await ground.enqueue('telegram', numbers);
  const single = ground.fresh(1);
  const alone = await ground.enqueue('telegram', single);
  await answerAll(ground, job);
  await answerAll(ground, alone);
  for (const number of [...edges, ...single]) {
    await eraseNow(number);
    expect(await findAnywhere(number)).toEqual([]);
  }
  expect(await audited(job)).toMatchObject({ ok: true, erased: 2 });
  expect(await audited(alone)).toMatchObject({ ok: true, erased: 1 });
});

test('a number of a chunk that waits is left out of its upload, and not paid for', async () => {
  const numbers = ground.fresh(25);
  const job = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, job);
  await eraseNow(numbers[3] ?? 0);
  await answerAll(ground, job);
  expect(await findAnywhere(numbers[3] ?? 0)).toEqual([]);
  const { rows } = await ground.db.query(
    'SELECT a.numbers, a.left_out FROM store.attempts a JOIN store.chunks c ON c.id = a.chunk_id JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1',
    [job],
  );
  expect(rows).toEqual([{ numbers: 24, left_out: { erased: 1 } }]);
  expect(await audited(job)).toMatchObject({ ok: true, erased: 1 });
});

test('a number that is erased while its chunk is at the provider is in no row of the result, and its file is written anew', async () => {
  const numbers = ground.fresh(25);
  const number = numbers[9] ?? 0;
  const job = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, job);
  const [chunk] = await ground.chunks(job);
  await submitChunk(ground.equipment, String(chunk?.['id']), never);
  const sent = async () => {
    const { rows } = await ground.db.query(
      'SELECT numbers, sent_sha256 IS NOT NULL AS is_hashed FROM store.attempts WHERE chunk_id = $1',
      [chunk?.['id']],
    );
    return rows;
  };
  expect(await sent()).toEqual([{ numbers: 25, is_hashed: true }]);
  const id = await eraseNow(number);
  // Whoever knows the other numbers would find this one by its hash.
  expect(await sent()).toEqual([{ numbers: 25, is_hashed: false }]);
  await answerAll(ground, job);
  expect(await audited(job)).toMatchObject({ ok: true, erased: 1 });
  // It came with the file, and was neither an answer nor a stranger.
  const quarantined = await ground.db.query(
    'SELECT FROM store.quarantined_rows WHERE number = $1',
    [number],
  );
  expect(quarantined.rowCount).toBe(0);
  await erase(ground.equipment);
  expect(await findAnywhere(number)).toEqual([]);
  expect((await readErasure(ground.db, 1, id))?.files).toMatchObject([
    { kind: 'artifact' },
    { kind: 'upload' },
  ]);
});

test.each([
  ['a table', 'telegram'],
  ['a list of what was found', 'viber'],
])('a replay of %s does not bring it back', async (_, check) => {
  const numbers = ground.fresh(25);
  const job = await ground.enqueue(check, numbers, {
    ...(check === 'viber' && { account: 'webcom' }),
  });
  await answerAll(ground, job);
  // One that the list has.
  const found = await ground.db.query<{ number: number }>(
    "SELECT r.number FROM store.results r JOIN store.jobs j ON j.job_no = r.job_no WHERE j.id = $1 AND r.outcome = 'registered' ORDER BY 1 LIMIT 1",
    [job],
  );
  const number = found.rows[0]?.number ?? 0;
  const [chunk] = await ground.chunks(job);
  const id = String(chunk?.['id']);
  await eraseNow(number);
  await askAgain(ground.db, id, true);
  expect(await replayChunk(ground.equipment, id)).toEqual({ corrected: 1 });
  expect(await findAnywhere(number)).toEqual([]);
  expect(await audited(job)).toMatchObject({ ok: true, erased: 1 });
});

test('a chunk whose file is being read is taken back, and read again without the number', async () => {
  const numbers = ground.fresh(25);
  const number = numbers[5] ?? 0;
  const job = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, job);
  const [chunk] = await ground.chunks(job);
  const id = String(chunk?.['id']);
  await submitChunk(ground.equipment, id, never);
  await waitFor(
    async () => {
      await ground.hurry(job);
      await pollAccount(ground.equipment, String(chunk?.['account']), never);
      return (await ground.chunks(job))[0]?.['state'] === 'result_ready';
    },
    { describe: 'a result' },
  );
  // Between its rows being read and being published.
  const { equipment } = ground;
  let struck = false;
  const db = new Proxy(equipment.db, {
    get(target, name, receiver) {
      if (name !== 'transaction') return Reflect.get(target, name, receiver) as unknown;
      return async (commit: never, work: never) => {
        if (String(commit) === 'ingest.publish' && !struck) {
          struck = true;
          await eraseNow(number);
        }
        return target.transaction(commit, work);
      };
    },
  });
  expect(await ingestChunk({ ...equipment, db }, id, never)).toEqual({ stale: 1 });
  await answerAll(ground, job);
  await erase(equipment);
  expect(await audited(job)).toMatchObject({ ok: true, erased: 1 });
  expect(await findAnywhere(number)).toEqual([]);
});

test('an erasure waits for a job that was being stored when it was asked, and for one that is not cut', async () => {
  const numbers = ground.fresh(20);
  const number = numbers[2] ?? 0;
  const storing = await ground.db.pool.connect();
  await storing.query('BEGIN; SELECT pg_current_xact_id()');
  const id = await ask(number);
  const whileStoring = await erase(ground.equipment);
  await storing.query('COMMIT');
  storing.release();
  expect(whileStoring).toMatchObject({ erased: 0, waiting: 0 });
  const job = await ground.enqueue('telegram', numbers);
  await untilErasuresBegin(ground.db);
  expect(await erase(ground.equipment)).toMatchObject({ erased: 0, waiting: 1 });
  expect((await readErasure(ground.db, 1, id))?.doneAt).toBeNull();
  await planJob(ground.equipment, job);
  await ground.db.query('UPDATE store.erasures SET due_at = clock_timestamp() WHERE id = $1', [id]);
  expect(await erase(ground.equipment)).toMatchObject({ erased: 1 });
  await answerAll(ground, job);
  expect(await audited(job)).toMatchObject({ ok: true, erased: 1 });
});
