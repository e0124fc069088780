import { giveUp } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../testing/ground.ts';
import { type LiveGround, type LiveWorker, openLiveGround } from '../testing/live-ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

/** Pausing, cancelling and retrying over HTTP, with a worker as a process of its own and the simulator's ledger of charges. */

let ground: LiveGround;
let worker: LiveWorker;
let send: ReturnType<typeof senderTo>;
beforeAll(async () => {
  // One upload at a time, so that a test can come in between two.
  ground = await openLiveGround({
    chunkSize: 100,
    change: (text) => text.replaceAll('uploads_in_flight: 4', 'uploads_in_flight: 1'),
  });
  send = senderTo(ground, await ground.bearer(['jobs:write', 'jobs:read', 'approvals:write']));
  worker = await ground.startWorker();
});
afterEach(() => ground.simulator.control('DELETE', 'faults'));
afterAll(() => ground.close());

let serial = 0;
/** Numbers that no other test here uses, so that the simulator's ledger tells who paid for what. */
function fresh(count: number): string[] {
  serial += 1;
  const first = 447_911_000_000 + serial * 10_000;
  return Array.from({ length: count }, (_, index) => `+${first + index}`);
}

/** On the account `ekycpro`, 0.0005 USD a number, in chunks of 100. */
async function enqueue(numbers: readonly string[]): Promise<string> {
  const { body } = await send('POST', '/v1/jobs', { ...said, numbers });
  return body.id;
}
const fault = (match: object, action: object, more: object = {}) =>
  ground.simulator.control('POST', 'faults', {
    match: { account: 'ekycpro', ...match },
    action,
    ...more,
  });
const charges = () => ground.charges('ekycpro');

async function chunkStates(jobId: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await ground.database.query<{ state: string; chunks: number }>(
    `SELECT c.state, count(*) AS chunks FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1 GROUP BY 1`,
    [jobId],
  );
  return Object.fromEntries(rows.map(({ state, chunks }) => [state, chunks]));
}

/** The job's chunks, once none of them is on the wire, at the provider or being read. */
const untilQuiet = (jobId: string) =>
  waitFor(
    async () => {
      const states = await chunkStates(jobId);
      const busy = ['submitting', 'polling', 'result_ready', 'ingesting'];
      return busy.some((state) => (states[state] ?? 0) > 0) ? null : states;
    },
    { timeoutMs: 60_000, describe: `nothing of ${jobId} to be in flight` },
  );

async function untilUploads(uploads: number): Promise<void> {
  await waitFor(async () => (await charges()).uploads >= uploads, {
    timeoutMs: 60_000,
    describe: `${uploads} uploads`,
  });
}

async function nothingPaidTwice(): Promise<void> {
  expect(await ground.simulator.control('GET', 'paid-twice')).toMatchObject({ paid_twice: 0 });
}

test('a paused job sends nothing more, whatever is restarted; what was sent is read, and resuming sends the rest once', async () => {
  await fault({ operation: 'create' }, { kind: 'delay', ms: 200 }, { next: 'all' });
  const before = await charges();
  const jobId = await enqueue(fresh(1_000));
  await untilUploads(before.uploads + 3);
  const paused = await send('POST', `/v1/jobs/${jobId}/pause`);
  expect([paused.status, paused.body.state]).toEqual([200, 'paused']);
  const states = await untilQuiet(jobId);
  const sent = (await charges()).uploads;
  expect(sent - before.uploads).toBe(states['done']);
  expect(states['ready']).toBe(10 - (states['done'] ?? 0));
  expect(states['ready']).toBeGreaterThan(0);

  await worker.kill();
  worker = await ground.startWorker();
  // Another job of the same account goes all its way in the meantime: the worker works, and leaves the paused one alone.
  const other = await enqueue(fresh(100));
  await ground.untilState(other, ['completed']);
  expect((await charges()).uploads).toBe(sent + 1);
  expect(await chunkStates(jobId)).toEqual(states);

  const resumed = await send('POST', `/v1/jobs/${jobId}/resume`);
  expect(resumed.body.state).toBe('running');
  const done = await ground.untilState(jobId, ['completed']);
  expect(done.counts).toMatchObject({ accepted: 1_000, answered: 1_000, pending: 0 });
  expect(done.money.cost).toBe('0.5');
  expect((await charges()).uploads).toBe(before.uploads + 11);
  await nothingPaidTwice();
}, 180_000);

test('a cancelled job ends what was not sent, and keeps what was paid for', async () => {
  await fault({ operation: 'create' }, { kind: 'delay', ms: 200 }, { next: 'all' });
  const before = await charges();
  const jobId = await enqueue(fresh(1_000));
  await untilUploads(before.uploads + 2);
  const { status, body } = await send('POST', `/v1/jobs/${jobId}/cancel`);
  expect(status).toBe(200);
  const { numbers_cancelled, numbers_in_flight, numbers_answered, money } = body.cancellation;
  expect(numbers_cancelled + numbers_in_flight + numbers_answered).toBe(1_000);
  expect(numbers_cancelled).toBeGreaterThan(0);
  expect(Number(money.released)).toBeCloseTo(numbers_cancelled * 0.0005, 9);
  expect(Number(money.paid) + Number(money.may_still_be_charged)).toBeCloseTo(
    (numbers_in_flight + numbers_answered) * 0.0005,
    9,
  );

  const job = await ground.untilState(jobId, ['cancelled']);
  const charged = (await charges()).numbers - before.numbers;
  expect(job.outcomes.cancelled).toBe(numbers_cancelled);
  expect(charged).toBe(1_000 - numbers_cancelled);
  expect(Number(job.money.cost)).toBeCloseTo(charged * 0.0005, 9);
  expect(job.counts).toMatchObject({ answered: 1_000, pending: 0 });
  const after = (await send('POST', `/v1/jobs/${jobId}/cancel`)).body;
  expect(after.cancellation).toMatchObject({
    numbers_cancelled,
    numbers_in_flight: 0,
    numbers_answered: 1_000 - numbers_cancelled,
    money: { may_still_be_charged: '0', released: money.released },
  });
  await nothingPaidTwice();
}, 180_000);

test('a cancelled job with a held upload stays open and asks for its person, whose word closes it', async () => {
  await fault({ operation: 'create' }, { kind: 'reset' });
  const jobId = await enqueue(fresh(100));
  await waitFor(async () => (await chunkStates(jobId))['held'] === 1, {
    timeoutMs: 60_000,
    describe: 'the upload to be held',
  });
  const { body } = await send('POST', `/v1/jobs/${jobId}/cancel`);
  expect(body.job).toMatchObject({
    state: 'cancelling',
    attention: [{ state: 'held', reason: 'unknown', numbers: 100, money_at_risk: '0.05' }],
  });
  expect(body.cancellation).toMatchObject({
    numbers_in_flight: 100,
    money: { paid: '0', may_still_be_charged: '0.05', released: '0' },
  });
  const { rows } = await ground.database.query<{ id: string }>(
    'SELECT c.id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE j.id = $1',
    [jobId],
  );
  const person = { tenantId: 1, decidedBy: 'ada', why: 'nothing more to expect' };
  await giveUp(ground.database, rows[0]?.id ?? '', person);
  const job = await ground.untilState(jobId, ['cancelled']);
  expect(job).toMatchObject({ outcomes: { failed: 100 }, money: { at_risk: '0.05' } });
}, 180_000);

describe('a retry', () => {
  /** Of three uploads the first comes back with rows missing, the second is refused for free, the third is answered. */
  async function closedJob(): Promise<Json> {
    await fault({ operation: 'create' }, { kind: 'file', edits: { missing_rows: 4 } });
    await fault({ operation: 'create' }, { kind: 'answer', status: 400 }, { nth: 2 });
    const jobId = await enqueue(fresh(300));
    return ground.untilState(jobId, ['completed', 'completed_with_errors']);
  }

  test('charges the numbers that it asks again and no others; the latest answers are then whole', async () => {
    const job = await closedJob();
    const { failed, missing } = job.outcomes;
    expect([job.state, failed]).toEqual(['completed_with_errors', 100]);
    expect(missing).toBeGreaterThanOrEqual(4);
    const before = await charges();

    // What was refused for free needs nobody's word.
    const free = await send('POST', `/v1/jobs/${job.id}/retry`, { include: ['failed'] });
    expect([free.status, free.body.counts.accepted]).toEqual([202, failed]);
    await ground.untilState(free.body.id, ['completed']);
    expect((await charges()).numbers - before.numbers).toBe(failed);
    await nothingPaidTwice();

    // What is missing now was paid for, in the job or in its retry.
    const refused = await send('POST', `/v1/jobs/${job.id}/retry`);
    expect([refused.status, refused.body.code]).toEqual([422, 'approval_required']);
    const { numbers, may_be_paid, cost } = refused.body.retry;
    expect([numbers >= missing, may_be_paid]).toEqual([true, numbers]);
    const approval = { why: 'half a table came back', cost_ceiling: cost };
    const paid = await send('POST', `/v1/jobs/${job.id}/retry`, { approval });
    expect([paid.status, paid.body.counts.accepted]).toEqual([202, numbers]);
    const done = await ground.untilState(paid.body.id, ['completed']);
    expect((await charges()).numbers - before.numbers).toBe(failed + numbers);
    expect(done.money.cost).toBe(cost);

    const { rows } = await ground.database.query<{ outcome: string; numbers: number }>(
      'SELECT outcome, count(*) AS numbers FROM rollcall.latest_results WHERE job_id = $1 GROUP BY outcome',
      [job.id],
    );
    const latest = Object.fromEntries(rows.map((row) => [row.outcome, row.numbers]));
    expect(Object.values(latest).reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(latest['failed']).toBeUndefined();
    expect(latest['missing'] ?? 0).toBe(done.outcomes.missing);
    // The closed job is as it was.
    expect((await send('GET', `/v1/jobs/${job.id}`)).body).toEqual(job);
  }, 180_000);
});
