import { keepPolling, payAgain } from '@rollcall/db';
import { type JobId, parseMoney } from '@rollcall/domain';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../equipment.ts';
import { type Ground, layGround } from '../test-ground.ts';

/** What the provider's words make of a task: `faults.md` rows 11, 12 and 22. A paid task is never sent again. */
let ground: Ground;

beforeAll(async () => {
  ground = await layGround({ chunkSize: 1_000 });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});

async function history(jobId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await ground.db.query(
    `SELECT h.answer, h.word, h.phase, h.applied FROM store.poll_history h JOIN store.chunks c ON c.id = h.chunk_id
       JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 ORDER BY h.id`,
    [jobId],
  );
  return rows;
}

/** Under a new fence, since a poll that is on its way brings back the deadline that it was claimed with. */
async function pastDeadline(jobId: string): Promise<void> {
  await ground.db.query(
    `UPDATE store.chunks c SET poll_deadline_at = clock_timestamp(), fence = c.fence + 1
       FROM store.jobs j WHERE j.job_no = c.job_no AND j.id = $1 AND c.state = 'polling'`,
    [jobId],
  );
}

const create = { account: 'ekycpro', operation: 'create' };
const by = { tenantId: 1, decidedBy: 'operator@example', why: 'test' };

test('fault 22: an unknown status word is recorded, alerted and polled on', async () => {
  await ground.fault({
    match: create,
    action: { kind: 'statuses', statuses: ['pending', 'queued_for_review', 'processing'] },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  await ground.untilState(jobId, ['completed']);
  expect(await history(jobId)).toMatchObject([
    { word: 'pending', applied: true },
    { word: 'queued_for_review', phase: 'unrecognised', applied: false },
    { word: 'processing', applied: true },
    { word: 'exported', phase: 'ready', applied: true },
  ]);
  expect(ground.logged.filter((line) => line['event'] === 'poll.unrecognised_status')).toHaveLength(
    1,
  );
});

test('fault 22: `failed` seen once is asked again; a task that then exports is read', async () => {
  await ground.fault({ match: create, action: { kind: 'statuses', statuses: ['failed'] } });
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  await ground.untilState(jobId, ['completed']);
  expect((await history(jobId)).map((poll) => poll['word'])).toEqual(['failed', 'exported']);
});

test('fault 22: `failed` seen twice holds the chunk and claims the money back; nothing is sent again', async () => {
  await ground.fault({
    match: create,
    action: { kind: 'statuses', statuses: ['failed'], hold_last: true },
  });
  const creates = await ground.requests('ekycpro', 'create');
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  const chunk = await ground.hurryUntil(jobId, ['held']);
  expect(chunk).toMatchObject({
    reason: 'upstream_failed',
    held_detail: 'failed_twice',
    attempt_outcome: 'accepted',
  });
  const claims = await ground.db.query(
    'SELECT amount FROM store.refund_claims WHERE attempt_id = $1',
    [chunk['attempt_id']],
  );
  expect(claims.rows).toEqual([{ amount: '0.005000000' }]);
  expect(await ground.requests('ekycpro', 'create')).toBe(creates + 1);
});

test('a person may pay again for it: one approval, one further upload', async () => {
  await ground.fault({
    match: create,
    action: { kind: 'statuses', statuses: ['failed'], hold_last: true },
  });
  const creates = await ground.requests('ekycpro', 'create');
  const numbers = ground.fresh(10);
  const jobId = await ground.enqueue('telegram', numbers);
  const chunk = await ground.hurryUntil(jobId, ['held']);
  const approval = {
    id: newId('approval'),
    costCeiling: parseMoney('0.005') ?? 0n,
    liftedTo: 'written_off',
  } as const;
  const decided = await payAgain(ground.db, String(chunk['id']), approval as never, by);
  expect(decided).toMatchObject({ kind: 'decided', state: 'ready' });
  await ground.untilState(jobId, ['completed']);
  expect(await ground.requests('ekycpro', 'create')).toBe(creates + 2);
  const spend = await ground.db.query(
    'SELECT m.place FROM store.attempt_money m JOIN store.jobs j ON j.job_no = m.job_no WHERE j.id = $1 ORDER BY m.reserved_at',
    [jobId],
  );
  expect(spend.rows).toEqual([{ place: 'written_off' }, { place: 'committed' }]);
  // The ledger of the provider says so too: these were paid twice, and this is the one way in which that happens.
  expect(await ground.simulator.control('GET', 'paid-twice')).toMatchObject({
    paid_twice: numbers.length,
  });
  await ground.close();
  ground = await layGround({ chunkSize: 1_000 });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});

test('a task that the provider does not know, six polls in a row, is held', async () => {
  await ground.fault({
    match: { account: 'ekycpro', operation: 'status' },
    next: 6,
    action: { kind: 'answer', status: 404 },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  const chunk = await ground.hurryUntil(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'poll', held_detail: 'task_not_found' });
  expect(await keepPolling(ground.db, String(chunk['id']), Date.now() + 600_000, by)).toMatchObject(
    { kind: 'decided' },
  );
  await ground.untilState(jobId, ['completed']);
});

test('fault 22: past its deadline a task that never ends is held, and never sent again', async () => {
  await ground.fault({
    match: create,
    action: { kind: 'statuses', statuses: ['processing'], hold_last: true },
  });
  const creates = await ground.requests('ekycpro', 'create');
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  await ground.untilChunk(jobId, ['polling']);
  await pastDeadline(jobId);
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'poll',
    held_detail: 'deadline',
  });
  expect(await ground.requests('ekycpro', 'create')).toBe(creates + 1);
});

test('a task that awaits payment is polled on, its clock stands, and a top-up finishes it without a second upload', async () => {
  await ground.simulator.control('PUT', 'balance', { account: 'webcom', balance: 0 });
  const creates = await ground.requests('webcom', 'create');
  const jobId = await ground.enqueue('viber', ground.fresh(10));
  const waiting = await waitFor(
    async () =>
      (await ground.chunks(jobId)).find((chunk) => chunk['awaiting_payment_since'] !== null),
    { timeoutMs: 60_000, describe: 'the task to await payment' },
  );
  expect(waiting['state']).toBe('polling');
  await pastDeadline(jobId);
  const polls = (await history(jobId)).length;
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      return (await history(jobId)).length >= polls + 2;
    },
    { timeoutMs: 60_000, everyMs: 150, describe: 'two more polls' },
  );
  expect((await ground.chunks(jobId))[0]).toMatchObject({ state: 'polling' });
  await ground.simulator.control('PUT', 'balance', { account: 'webcom', balance: 1_000 });
  await ground.hurryUntil(jobId, ['done']);
  expect(await ground.requests('webcom', 'create')).toBe(creates + 1);
});

test('fault 22: `completed` of simple-tasks is not yet ready, whatever URL it names', async () => {
  await ground.fault({
    match: { operation: 'status' },
    action: { kind: 'patch', merge: { result_url: `${ground.simulator.url}/not-there` } },
  });
  const jobId = await ground.enqueue('facebook', ground.fresh(150));
  await ground.untilState(jobId, ['completed']);
  expect((await history(jobId)).map((poll) => [poll['word'], poll['phase']])).toEqual([
    ['completed', 'ready_pending'],
    ['exported', 'ready'],
  ]);
});

test('many webcom tasks are asked for in one call', async () => {
  await ground.simulator.control('PATCH', 'settings', { processing_ms_base: 1_500 });
  const jobs: JobId[] = [];
  for (let index = 0; index < 4; index += 1)
    jobs.push(await ground.enqueue('whatsapp', ground.fresh(10)));
  for (const jobId of jobs) await ground.untilChunk(jobId, ['polling']);
  // Put off together, under a new fence, so that no poll that is on its way brings one of them back before the others.
  await ground.db.query(
    `UPDATE store.chunks c SET fence = c.fence + 1, due_at = clock_timestamp() + interval '1 hour'
       FROM store.jobs j WHERE j.job_no = c.job_no AND j.id = ANY($1)`,
    [jobs],
  );
  await ground.simulator.control('PATCH', 'settings', { processing_ms_base: 0 });
  const polls = async () =>
    (await Promise.all(jobs.map((jobId) => history(jobId)))).reduce(
      (sum, each) => sum + each.length,
      0,
    );
  const before = { calls: await ground.requests('webcom', 'status'), polls: await polls() };
  await ground.db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp(), rung_at = NULL
       FROM store.jobs j WHERE j.job_no = c.job_no AND j.id = ANY($1)`,
    [jobs],
  );
  for (const jobId of jobs) await ground.untilState(jobId, ['completed']);
  // The first call asks for all four, whatever later ones do.
  expect((await ground.requests('webcom', 'status')) - before.calls).toBeLessThanOrEqual(
    (await polls()) - before.polls - 3,
  );
});

test('a 429 with Retry-After is waited for; a 401 pauses the account and the polls go on', async () => {
  await ground.fault([
    {
      match: { account: 'checknumber', operation: 'status' },
      action: { kind: 'answer', status: 429, headers: { 'retry-after': '120' } },
    },
    {
      match: { account: 'checknumber', operation: 'status' },
      nth: 2,
      action: { kind: 'answer', status: 401 },
    },
  ]);
  const jobId = await ground.enqueue('twitter', ground.fresh(10));
  const polled = await waitFor(
    async () => ((await history(jobId)).length > 0 ? (await ground.chunks(jobId))[0] : null),
    {
      timeoutMs: 60_000,
      describe: 'the first poll',
    },
  );
  expect((polled['due_at'] as Date).getTime() - Date.now()).toBeGreaterThan(100_000);
  await ground.untilChunk(jobId, ['polling']);
  await ground.hurryUntil(jobId, ['done']);
  expect(ground.logged).toContainEqual(
    expect.objectContaining({ event: 'account.paused', account: 'checknumber', reason: 'auth' }),
  );
});

test('fault 22: statuses that skip what should come between are as good as all of them', async () => {
  await ground.fault({ match: create, action: { kind: 'statuses', statuses: ['pending'] } });
  const creates = await ground.requests('ekycpro', 'create');
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  await ground.untilState(jobId, ['completed']);
  expect((await history(jobId)).map((poll) => poll['word'])).toEqual(['pending', 'exported']);
  expect(await ground.requests('ekycpro', 'create')).toBe(creates + 1);
});

test('fault 22: a status that goes back is recorded, not applied, and polled on', async () => {
  await ground.fault({
    match: create,
    action: {
      kind: 'statuses',
      statuses: ['processing', { status: 'pending', total: 3, success: 1, failure: 1 }],
      hold_last: true,
    },
  });
  const creates = await ground.requests('ekycpro', 'create');
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      return (await history(jobId)).length >= 3;
    },
    { timeoutMs: 60_000, everyMs: 150, describe: 'it to be polled on' },
  );
  expect((await history(jobId)).slice(0, 3)).toEqual([
    { answer: 'status', word: 'processing', phase: 'running', applied: true },
    { answer: 'status', word: 'pending', phase: 'queued', applied: false },
    { answer: 'status', word: 'pending', phase: 'queued', applied: false },
  ]);
  const [chunk] = await ground.chunks(jobId);
  expect(chunk).toMatchObject({ state: 'polling', last_word: 'processing' });
  expect(chunk?.['last_total']).not.toBe(3);
  await pastDeadline(jobId);
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({ held_detail: 'deadline' });
  expect((await history(jobId)).at(-1)).toMatchObject({ word: 'pending', applied: false });
  expect(await ground.requests('ekycpro', 'create')).toBe(creates + 1);
});
