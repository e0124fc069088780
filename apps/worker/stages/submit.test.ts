import { readBreakers, resetBreaker, resumeAccount } from '@rollcall/db';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from '../test-ground.ts';

/**
 * What each answer to an upload makes of a chunk, its attempt, its money and the provider's ledger: `faults.md` rows 6 to 12. The
 * simulator's ledger is the oracle. Each test has its own job on `ekycpro`, small enough for one chunk.
 */
let ground: Ground;

beforeAll(async () => {
  ground = await layGround({
    chunkSize: 1_000,
    change: (account) => ({ ...account, upload_deadline_ms: 1_500 }),
  });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  for (const account of ground.accounts.accounts.keys()) await resetBreaker(ground.db, account);
  await ground.nothingPaidTwice();
});

async function placeOf(jobId: string): Promise<string[]> {
  const { rows } = await ground.db.query<{ place: string }>(
    `SELECT m.place FROM store.attempt_money m JOIN store.jobs j ON j.job_no = m.job_no WHERE j.id = $1 ORDER BY m.reserved_at`,
    [jobId],
  );
  return rows.map((row) => row.place);
}

const create = { account: 'ekycpro', operation: 'create' };
/** In the vendor's own shape: nothing but the list of what is free stands between such an answer and a second payment. */
const json = { error: 'any_error', message: 'Any error' };

/** What happens, how the simulator does it, the reason that is kept, and how often it charges. */
type OpenAnswer = [string, unknown, string | RegExp, number];

describe('an answer that leaves it open whether the upload was charged', () => {
  test.each<OpenAnswer>([
    ['fault 6: never comes', { kind: 'never_answer' }, 'no_answer', 1],
    ['fault 6: is a reset after the body', { kind: 'reset' }, 'connection_lost', 1],
    [
      'fault 10: is a 200 whose body never comes',
      { kind: 'reset_after_headers' },
      /connection_lost|unreadable/,
      1,
    ],
    ['fault 10: is a truncated JSON', { kind: 'cut_body', clean: true }, 'unreadable_answer', 1],
    [
      'fault 10: is an HTML page with 200',
      { kind: 'answer', status: 200, text: '<html>login</html>', content_type: 'text/html' },
      'unreadable_answer',
      0,
    ],
    [
      'fault 10: is empty with 200',
      { kind: 'answer', status: 200, text: '' },
      'unreadable_answer',
      0,
    ],
    ['fault 10: has no task id', { kind: 'patch', merge: { task_id: null } }, 'no_task_id', 1],
    ['fault 9: is a 502', { kind: 'answer', status: 502, json }, 'status_not_listed_as_free', 0],
    ['fault 9: is a 503', { kind: 'answer', status: 503, json }, 'status_not_listed_as_free', 0],
    [
      'fault 9: is a 504 after it was charged',
      { kind: 'answer', status: 504, json, charge: true },
      'status_not_listed_as_free',
      1,
    ],
    [
      'fault 9: is a redirect',
      { kind: 'answer', status: 302, json, headers: { location: '/elsewhere' } },
      'status_not_listed_as_free',
      0,
    ],
    ['fault 9: is a 408', { kind: 'answer', status: 408, json }, 'status_not_listed_as_free', 0],
    ['fault 9: is a 409', { kind: 'answer', status: 409, json }, 'status_not_listed_as_free', 0],
    ...[301, 303, 307, 308].map(
      (status): OpenAnswer => [
        `fault 9: is a ${status} to another place that takes uploads`,
        { kind: 'answer', status, json, headers: { location: '/v1/tasks' } },
        'status_not_listed_as_free',
        0,
      ],
    ),
    ...[520, 521, 522, 523, 524, 525, 526, 527, 530].map(
      (status): OpenAnswer => [
        `fault 9: is a ${status} of a content network`,
        { kind: 'answer', status, json },
        'status_not_listed_as_free',
        0,
      ],
    ),
    [
      'fault 8: is a 500 of somebody else',
      { kind: 'answer', status: 500, text: '<html>oops</html>', content_type: 'text/html' },
      'status_not_listed_as_free',
      0,
    ],
    [
      'fault 8: is a 500 of somebody else in JSON',
      { kind: 'answer', status: 500, json: { detail: 'oops' } },
      'status_not_listed_as_free',
      0,
    ],
    [
      'fault 8: is a 500 with a task id, in the vendor’s shape',
      { kind: 'patch', status: 500, merge: { error: 'internal' } },
      'status_not_listed_as_free',
      1,
    ],
  ])(
    '%s: the chunk is held, its money reserved, and nothing is sent again',
    async (_, action, reason, charges) => {
      const before = await ground.charges('ekycpro');
      await ground.fault({ match: create, action });
      const jobId = await ground.enqueue('telegram', ground.fresh(10));
      const chunk = await ground.untilChunk(jobId, ['held']);
      expect((await ground.charges('ekycpro')) - before).toBe(charges);
      expect(chunk).toMatchObject({ reason: 'unknown', attempt_outcome: 'unknown' });
      expect(String(chunk['outcome_reason'])).toMatch(reason);
      expect(chunk['held_detail']).toBe(chunk['outcome_reason']);
      expect(await placeOf(jobId)).toEqual(['reserved']);
      const { rows } = await ground.db.query(
        'SELECT verdict, headers_sent FROM store.evidence WHERE attempt_id = $1',
        [chunk['attempt_id']],
      );
      expect(rows).toEqual([{ verdict: chunk['outcome_reason'], headers_sent: true }]);
      await ground.hurry(jobId);
      expect((await ground.job(jobId))['held_chunks']).toBe(1);
    },
  );

  test('fault 10: keeps the raw bytes of an answer that nobody could read, and the breaker counts it', async () => {
    await ground.fault({
      match: create,
      action: { kind: 'answer', status: 200, text: '<html>login</html>' },
    });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    const chunk = await ground.untilChunk(jobId, ['held']);
    const { rows } = await ground.db.query<{ raw_body: Buffer }>(
      'SELECT raw_body FROM store.evidence WHERE attempt_id = $1',
      [chunk['attempt_id']],
    );
    expect(rows[0]?.raw_body.toString()).toBe('<html>login</html>');
    const breakers = await readBreakers(ground.db);
    expect(breakers.find(({ account }) => account === 'ekycpro')).toMatchObject({ unknowns: 1 });
  });

  test('a task id that we already have makes the attempt unknown: nobody can tell which upload it is', async () => {
    const first = await ground.enqueue('telegram', ground.fresh(10));
    await ground.untilState(first, ['completed']);
    await ground.fault({ match: create, action: { kind: 'duplicate_task_id' } });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    const chunk = await ground.untilChunk(jobId, ['held']);
    expect(chunk).toMatchObject({
      reason: 'unknown',
      held_detail: 'duplicate_task_id',
      attempt_outcome: 'unknown',
      task_id: null,
    });
  });

  test('fault 10: webcom answers success:false at 200: held', async () => {
    await ground.fault({
      match: { account: 'webcom', operation: 'create' },
      action: { kind: 'patch', merge: { success: false } },
    });
    const jobId = await ground.enqueue('viber', ground.fresh(10));
    expect(await ground.untilChunk(jobId, ['held'])).toMatchObject({
      reason: 'unknown',
      held_detail: 'not_success',
    });
  });
});

describe('an answer that is free', () => {
  test('fault 8: 400 in the provider’s shape: rejected, its numbers end as failed, nothing is charged', async () => {
    const before = await ground.charges('ekycpro');
    await ground.fault({ match: create, action: { kind: 'answer', status: 400 } });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    await ground.untilState(jobId, ['completed_with_errors']);
    expect(await ground.job(jobId)).toMatchObject({ failed: 10, answered: 10, cost: '0' });
    expect(await placeOf(jobId)).toEqual(['released']);
    expect(await ground.charges('ekycpro')).toBe(before);
  });

  test('fault 8: 500 in the provider’s shape: tried again, and paid once', async () => {
    const before = await ground.charges('ekycpro');
    await ground.fault({ match: create, next: 2, action: { kind: 'answer', status: 500 } });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    await waitFor(async () => (await placeOf(jobId)).length === 1, { describe: 'the first try' });
    await waitFor(
      async () => {
        await ground.hurry(jobId);
        return (await ground.job(jobId))['state'] === 'completed';
      },
      { timeoutMs: 60_000, everyMs: 300, describe: 'the third try to be accepted' },
    );
    expect(await placeOf(jobId)).toEqual(['released', 'released', 'committed']);
    expect((await ground.charges('ekycpro')) - before).toBe(1);
  });

  test('402: blocked, nobody storms, and it goes on by itself once the balance is back', async () => {
    await ground.simulator.control('PUT', 'balance', { account: 'ekycpro', balance: 0 });
    const before = await ground.requests('ekycpro', 'create');
    const jobs = [
      await ground.enqueue('telegram', ground.fresh(10)),
      await ground.enqueue('telegram', ground.fresh(10)),
    ];
    for (const jobId of jobs) {
      expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({
        reason: 'provider_balance',
      });
    }
    const refused = await ground.requests('ekycpro', 'create');
    expect(refused - before).toBeLessThanOrEqual(2);
    await ground.simulator.control('PUT', 'balance', { account: 'ekycpro', balance: 1_000_000 });
    for (const jobId of jobs) await ground.hurry(jobId);
    for (const jobId of jobs) await ground.untilState(jobId, ['completed']);
  });

  test('401: the account is paused and nothing more is sent until a person resumes it', async () => {
    await ground.simulator.control('PATCH', 'accounts/ekycpro', { key: 'another' });
    const jobId = await ground.enqueue('telegram', ground.fresh(10));
    expect(await ground.untilChunk(jobId, ['blocked'])).toMatchObject({ reason: 'auth' });
    const later = await ground.enqueue('telegram', ground.fresh(10));
    expect(await ground.untilChunk(later, ['blocked'])).toMatchObject({ reason: 'auth' });
    await ground.simulator.control('PATCH', 'accounts/ekycpro', { key: 'sim-ekycpro' });
    expect(await resumeAccount(ground.db, 'ekycpro')).toBe(true);
    await ground.untilState(jobId, ['completed']);
    await ground.untilState(later, ['completed']);
  });

  test('401 from a vendor whose page does not say that it is free: held, and the account is paused', async () => {
    await ground.simulator.control('PATCH', 'accounts/webcom', { key: 'another' });
    const jobId = await ground.enqueue('viber', ground.fresh(10));
    expect(await ground.untilChunk(jobId, ['held'])).toMatchObject({ reason: 'unknown' });
    const later = await ground.enqueue('viber', ground.fresh(10));
    expect(await ground.untilChunk(later, ['blocked'])).toMatchObject({ reason: 'auth' });
    await ground.simulator.control('PATCH', 'accounts/webcom', { key: 'sim-webcom' });
    await resumeAccount(ground.db, 'webcom');
    await ground.untilState(later, ['completed']);
  });

  test('a batch below a minimum that we did not know: cut anew with a margin, and every number is paid once', async () => {
    const before = await ground.charges('ekycpro');
    await ground.simulator.control('PATCH', 'accounts/ekycpro', {
      task_types: { coinW: { minimum: 600 } },
    });
    const jobId = await ground.enqueue('coinw', ground.fresh(2_500));
    await ground.untilState(jobId, ['completed']);
    const chunks = await ground.chunks(jobId);
    const sent = chunks.filter((chunk) => chunk['state'] === 'done');
    expect(sent.reduce((sum, chunk) => sum + Number(chunk['numbers']), 0)).toBe(2_500);
    expect(Math.min(...sent.map((chunk) => Number(chunk['numbers'])))).toBeGreaterThanOrEqual(600);
    expect((await ground.charges('ekycpro')) - before).toBe(sent.length);
    expect(chunks.some((chunk) => chunk['state'] === 'superseded')).toBe(true);
  });

  test('a job that is below the learned minimum altogether: rejected, not padded', async () => {
    const jobId = await ground.enqueue('coinw', ground.fresh(20));
    await ground.untilState(jobId, ['completed_with_errors']);
    expect((await ground.chunks(jobId)).at(-1)).toMatchObject({
      state: 'rejected',
      reason: 'batch_too_small',
    });
  });
});
