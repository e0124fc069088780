import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closedInDoubt, rejectWhole } from '../testing/closed-job.ts';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

let ground: Ground;
let send: ReturnType<typeof senderTo>;
/** May also give the word that paying again needs. */
let approve: ReturnType<typeof senderTo>;
beforeAll(async () => {
  ground = await openGround();
  send = senderTo(ground, await ground.bearer(['jobs:write']));
  approve = senderTo(ground, await ground.bearer(['jobs:write', 'approvals:write']));
});
afterAll(() => ground.close());

const numbers = ['+447911123456', '+447911123457', '+447911123458'];
const approval = { why: 'support says that nothing was checked', cost_ceiling: '0.002' };

/** A closed job whose numbers all failed without ever being paid for. */
async function closedForFree(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { body } = await send('POST', '/v1/jobs', { ...said, ...options, numbers });
  await rejectWhole(ground.database, body.id);
  return body.id;
}

const retry = (id: string, body?: unknown, headers?: Readonly<Record<string, string>>) =>
  send('POST', `/v1/jobs/${id}/retry`, body, headers);

async function approvals(jobId: string): Promise<Json[]> {
  const { rows } = await ground.database.query(
    'SELECT * FROM store.retry_approvals WHERE job_id = $1',
    [jobId],
  );
  return rows;
}

describe('of numbers that nobody paid for', () => {
  test('makes a child job that says whose it is, and leaves the closed job alone', async () => {
    const id = await closedForFree({ name: 'spring', priority: 3 });
    const before = (await approve('PATCH', `/v1/jobs/${id}`, {})).body.code;
    expect(before).toBe('job_closed');
    const { status, response, body } = await retry(id);
    expect(status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    expect(body).toMatchObject({
      state: 'planning',
      retry_of: id,
      check: 'telegram',
      account: 'alpha',
      name: 'spring',
      priority: 3,
      purpose: said.purpose,
      requested_by: said.requested_by,
      counts: { lines: 3, accepted: 3, duplicates: 0, rejected: 0 },
      money: { max_cost: null },
    });
    expect(await approvals(body.id)).toEqual([]);
    const line = ground
      .logged()
      .split('\n')
      .find((each) => each.includes('"job.retried"') && each.includes(body.id));
    expect(line).toContain('"numbers":3');
    expect(ground.logged()).not.toContain('447911123457');
  });

  test('takes another name, limit, purpose and person', async () => {
    const id = await closedForFree();
    const options = {
      name: 'again',
      max_cost: '0.5',
      purpose: 'a second look',
      requested_by: 'bob',
    };
    const { body } = await retry(id, { ...options, include: ['failed'], account: 'alpha' });
    expect(body).toMatchObject({
      name: 'again',
      purpose: 'a second look',
      requested_by: 'bob',
      money: { max_cost: '0.5' },
    });
  });

  test('is refused where its own limit would stop it half-way', async () => {
    const { status, body } = await retry(await closedForFree(), { max_cost: '0.001' });
    expect([status, body.code]).toEqual([422, 'max_cost_too_low']);
    expect(body.money).toEqual({ currency: 'USD', cost: '0.0012', max_cost: '0.001' });
  });

  test('is refused below the minimum that the provider has named since', async () => {
    const id = await closedForFree();
    await ground.database.query(
      `INSERT INTO store.learned_limits (account, check_name, min_numbers) VALUES ('alpha', 'telegram', 5)`,
    );
    const { status, body } = await retry(id);
    await ground.database.query('DELETE FROM store.learned_limits');
    expect([status, body.code]).toEqual([422, 'too_few_numbers']);
    expect(body.detail).toContain('at least 5 numbers');
  });

  test('of outcomes that no number has is refused', async () => {
    const { status, body } = await retry(await closedForFree(), { include: ['missing'] });
    expect([status, body.code]).toEqual([422, 'nothing_to_retry']);
  });
});

describe('of numbers that may have been paid for', () => {
  test('says how many, and what asking again costs, and makes nothing', async () => {
    const id = await closedInDoubt(ground.database);
    const { status, body } = await retry(id);
    expect([status, body.code]).toEqual([422, 'approval_required']);
    expect(body.retry).toEqual({ numbers: 5, may_be_paid: 5, cost: '0.002', currency: 'USD' });
    expect(body.detail).toContain('0.002 USD');
    const { rows } = await ground.database.query('SELECT FROM store.jobs WHERE retry_of = $1', [
      id,
    ]);
    expect(rows).toEqual([]);
  });

  test('takes no approval of a key that may give none', async () => {
    const { status, body } = await retry(await closedInDoubt(ground.database), { approval });
    expect([status, body.code]).toEqual([403, 'scope_missing']);
    expect(body.detail).toContain('approvals:write');
  });

  test('takes no approval that does not cover all of it', async () => {
    const id = await closedInDoubt(ground.database);
    const low = { ...approval, cost_ceiling: '0.0019' };
    const { status, body } = await approve('POST', `/v1/jobs/${id}/retry`, { approval: low });
    expect([status, body.code, body.retry.cost]).toEqual([422, 'approval_too_low', '0.002']);
  });

  test('keeps who approved it, why, and up to what; no change of the job gets above that', async () => {
    const id = await closedInDoubt(ground.database);
    const { status, body } = await approve('POST', `/v1/jobs/${id}/retry`, {
      approval,
      max_cost: '3',
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      retry_of: id,
      counts: { accepted: 5 },
      money: { max_cost: '0.002' },
    });
    const { rows } = await ground.database.query(
      "SELECT id || ' (' || name || ')' AS who FROM store.api_keys WHERE 'approvals:write' = ANY(scopes) AND 'jobs:write' = ANY(scopes)",
    );
    expect(await approvals(body.id)).toMatchObject([
      {
        approved_by: rows[0]?.who,
        why: approval.why,
        numbers: 5,
        may_be_paid: 5,
        cost: '0.002000000',
        cost_ceiling: '0.002000000',
        currency: 'USD',
      },
    ]);
    for (const max_cost of [null, '0.0021']) {
      const changed = await approve('PATCH', `/v1/jobs/${body.id}`, { max_cost });
      expect([changed.status, changed.body.code]).toEqual([422, 'approval_too_low']);
    }
    const lower = await send('PATCH', `/v1/jobs/${body.id}`, { max_cost: '0.001' });
    expect(lower.body.money.max_cost).toBe('0.001');
  });
});

describe('two retries of a job', () => {
  test('at the same time make one, and the other is told to wait', async () => {
    const id = await closedForFree();
    const answers = await Promise.all(Array.from({ length: 8 }, () => retry(id)));
    const codes = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`);
    expect(codes.filter((code) => code === '202 ')).toHaveLength(1);
    expect(codes.filter((code) => code === '409 retry_running')).toHaveLength(7);
  });

  test('one after the other: the second asks what is left, or is refused where nothing is', async () => {
    const id = await closedForFree();
    const first = await retry(id);
    const running = await retry(id);
    expect([running.status, running.body.code]).toEqual([409, 'retry_running']);
    expect(running.body.detail).toContain(first.body.id);
    await send('POST', `/v1/jobs/${first.body.id}/cancel`);
    const second = await retry(id);
    expect([second.status, second.body.counts.accepted]).toEqual([202, 3]);
  });
});

describe('an Idempotency-Key', () => {
  test('gives the retry that was made then, also while it is open and once it is closed', async () => {
    const id = await closedForFree();
    const key = { 'idempotency-key': `retry-${id}` };
    const first = await retry(id, { include: ['missing', 'failed'] }, key);
    const again = await retry(id, { include: ['failed', 'missing'] }, key);
    expect([again.status, again.body.id]).toEqual([202, first.body.id]);
    expect(again.response.headers.get('idempotency-replayed')).toBe('true');
    await send('POST', `/v1/jobs/${first.body.id}/cancel`);
    expect((await retry(id, { include: ['failed', 'missing'] }, key)).body.id).toBe(first.body.id);
    const other = await retry(id, { include: ['failed'] }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const created = await send('POST', '/v1/jobs', { ...said, numbers }, key);
    expect(created.body.code).toBe('idempotency_key_reused');
  });

  test('is of one job and one approval: under it no other is taken for made', async () => {
    const [id, otherId] = [await closedForFree(), await closedForFree()];
    const key = { 'idempotency-key': `one-${id}` };
    expect((await retry(id, { approval }, key)).status).toBe(202);
    const higher = { ...approval, cost_ceiling: '9' };
    for (const [job, body] of [
      [otherId, { approval }],
      [id, { approval: higher }],
      [id, { approval: { ...approval, why: 'another' } }],
      [id, {}],
    ] as const) {
      const { status, body: problem } = await retry(job, body, key);
      expect([status, problem.code]).toEqual([422, 'idempotency_key_reused']);
    }
  });

  test('is left free by a refusal', async () => {
    const id = await closedForFree();
    const key = { 'idempotency-key': `refused-${id}` };
    expect((await retry(id, { max_cost: '0.001' }, key)).status).toBe(422);
    expect((await retry(id, undefined, key)).status).toBe(202);
  });
});

describe('a request that is wrong', () => {
  test('names its fields, and repeats none of them', async () => {
    const id = await closedForFree();
    for (const [body, pointer] of [
      [{ include: [] }, '/include'],
      [{ include: ['cancelled'] }, '/include/0'],
      [{ max_cost: 'much' }, '/max_cost'],
      [{ approval: { why: 'because' } }, '/approval/cost_ceiling'],
      [{ approval: { ...approval, why: '' } }, '/approval/why'],
      [{ numbers }, '/numbers'],
    ] as const) {
      const { status, body: problem } = await retry(id, body);
      expect([status, problem.code]).toEqual([422, 'invalid_request']);
      expect(problem.errors.map((error: Json) => error.pointer)).toContain(pointer);
    }
    const text = await fetch(`${ground.url}/v1/jobs/${id}/retry`, {
      method: 'POST',
      headers: { authorization: await ground.bearer(['jobs:write']), 'content-type': 'text/plain' },
      body: '{"include":["missing"]}',
    });
    expect(text.status).toBe(415);
    await text.body?.cancel();
  });

  test('is refused for an open job, and for an account that is not there or does not offer the check', async () => {
    const { body: open } = await send('POST', '/v1/jobs', { ...said, numbers });
    const refused = await retry(open.id);
    expect([refused.status, refused.body.code]).toEqual([409, 'job_not_closed']);
    const id = await closedForFree();
    expect((await retry(id, { account: 'gamma' })).body.code).toBe('unknown_account');
    expect((await retry(id, { account: 'beta' })).body.code).toBe('check_not_offered');
  });
});
