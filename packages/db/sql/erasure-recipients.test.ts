import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { claim, finish, plan, receive, someNumbers, submit } from '../testing/walk-chunk.ts';
import { eraseFromJob, jobsWithNumber } from './erase-from-job.ts';
import type { ErasureClaim } from './erase-number.ts';
import { askErasure, readErasure } from './erasures.ts';
import { suppressNumbers } from './suppress-numbers.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const secret = { id: 'test', secret: 'a-secret-for-tests-and-nothing-else-at-all' };
const digests = numberDigests([secret]);
let firstFree = 48_700_000_000;
const fresh = (count: number): Float64Array => someNumbers(count, (firstFree += 1_000));

/** Erases a number from the jobs that have it; the receipt is read when it is asked for. */
async function erase(number: number) {
  const id = makeId('erasure', Date.now(), randomBytes(10));
  const erasure = { id, tenantId: 1, number, secretId: 'test' };
  const asked = { ...erasure, askedBy: 'a test', requestedBy: 'ana', reason: 'a test' };
  const { db } = ground;
  await db.transaction('test', (tx) => askErasure(tx, asked, digests));
  const claimed = { ...erasure, digest: digests.digest('test', number), filesAfter: '' };
  for (const job of await jobsWithNumber(db, erasure)) {
    await db.transaction('test', (tx) => eraseFromJob(tx, claimed as ErasureClaim, job));
  }
  return async () => {
    const receipt = await readErasure(db, 1, id);
    expect(JSON.stringify(receipt)).not.toContain(String(number));
    return receipt;
  };
}

/** As an upload's look at the list does. */
async function suppress(jobId: string, chunkId: string, number: number): Promise<void> {
  const job = await row(
    ground,
    'SELECT tenant_id AS "tenantId", job_no AS "jobNo", job_day AS "jobDay" FROM store.jobs WHERE id = $1',
    [jobId],
  );
  const place = job as { tenantId: number; jobNo: number; jobDay: string };
  await ground.db.transaction('test', async (tx) => {
    const marked = await suppressNumbers(tx, place, Float64Array.of(number));
    await tx.query('UPDATE store.chunks SET suppressed = suppressed + $2 WHERE id = $1', [
      chunkId,
      marked,
    ]);
  });
}

test('the receipt names whom a number was sent to and when, over all jobs and uploads that may have had it, and how many answers went', async () => {
  const numbers = fresh(4);
  const number = numbers[1] ?? 0;
  const first = await receive(ground, numbers);
  // Its second chunk has other numbers.
  const [chunk = '', other = ''] = await plan(ground, first, [{ size: 2 }, { size: 2 }]);
  await finish(ground, chunk);
  await finish(ground, other);
  const second = await receive(ground, numbers.slice(0, 2));
  const [again = ''] = await plan(ground, second, [{ size: 2 }]);
  await submit(ground, again);
  const receipt = await erase(number);
  const { rows } = await ground.db.query(
    `SELECT id AS "attemptId", chunk_id AS "chunkId", created_at AS "sentAt" FROM store.attempts WHERE chunk_id = ANY($1) ORDER BY created_at`,
    [[chunk, again]],
  );
  expect(rows).toHaveLength(2);
  expect(await receipt()).toMatchObject({
    removed: { results: 1 },
    recipients: [{ account: 'acme', provider: 'https://acme.example', uploads: rows }],
  });
});

test('an upload that never left is no recipient, one of which nobody knows is', async () => {
  const numbers = fresh(2);
  const jobId = await receive(ground, numbers);
  const [chunk = ''] = await plan(ground, jobId, [{ size: 2 }]);
  const { attemptId } = await claim(ground, chunk);
  const receipt = await erase(numbers[0] ?? 0);
  const uploads = [{ attemptId }];
  expect((await receipt())?.recipients).toMatchObject([{ uploads }]);
  const end = (outcome: string) =>
    ground.db.query('UPDATE store.attempts SET outcome = $2, settled_at = now() WHERE id = $1', [
      attemptId,
      outcome,
    ]);
  await end('not_sent');
  expect(await receipt()).toMatchObject({ removed: {}, recipients: [] });
});

test('of a number that was on the suppression list, uploads from before count and those from after do not', async () => {
  const numbers = fresh(3);
  const [before = 0, after = 0] = numbers;
  const jobId = await receive(ground, numbers);
  const [chunk = ''] = await plan(ground, jobId, [{ size: 3 }]);
  await suppress(jobId, chunk, before);
  await submit(ground, chunk);
  await suppress(jobId, chunk, after);
  expect((await (await erase(before))())?.recipients).toEqual([]);
  expect((await (await erase(after))())?.recipients).toHaveLength(1);
});

test('an upload that was refused before its chunk was cut anew had the numbers of its range, or may have had them where nobody knows it', async () => {
  const numbers = fresh(4);
  const jobId = await receive(ground, numbers);
  const chunks = await plan(ground, jobId, [{ size: 2 }, { size: 2 }]);
  await finish(ground, chunks[0] ?? '');
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    for (const [id, first] of [
      ['chk_ranged', numbers[2]],
      ['chk_forgotten', -8],
    ] as const) {
      const changes = { id, chunk_no: first === -8 ? 8 : 9, state: 'superseded' };
      const range = { first_number: first, last_number: first === -8 ? -8 : numbers[3] };
      await tx.query(
        'INSERT INTO store.chunks SELECT (jsonb_populate_record(c, $2)).* FROM store.chunks c WHERE c.id = $1',
        [chunks[0], { ...changes, ...range }],
      );
      const upload = { id: `att_of_${id}`, chunk_id: id, task_id: null, outcome: 'refused_free' };
      await tx.query(
        'INSERT INTO store.attempts SELECT (jsonb_populate_record(a, $2)).* FROM store.attempts a WHERE a.chunk_id = $1',
        [chunks[0], upload],
      );
    }
  });
  const uploadsWith = async (number: number | undefined) => {
    const found = await (await erase(number ?? 0))();
    return (found?.recipients ?? [])
      .flatMap(({ uploads }) => uploads.map(({ attemptId }) => attemptId))
      .filter((id) => id.startsWith('att_of'))
      .toSorted();
  };
  expect(await uploadsWith(numbers[0])).toEqual(['att_of_chk_forgotten']);
  expect(await uploadsWith(numbers[3])).toEqual(['att_of_chk_forgotten', 'att_of_chk_ranged']);
});
