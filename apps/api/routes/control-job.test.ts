import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { addTenant, type Ground, openGround } from '../testing/ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

let ground: Ground;
let send: ReturnType<typeof senderTo>;
let read: ReturnType<typeof senderTo>;
let otherTenant: number;
beforeAll(async () => {
  ground = await openGround();
  send = senderTo(ground, await ground.bearer(['jobs:write']));
  read = senderTo(ground, await ground.bearer(['jobs:read']));
  otherTenant = await addTenant(ground.database);
});
afterAll(() => ground.close());

/** 20 numbers answered, 5 held: nobody knows whether their upload was charged. */
const runningJob = () => insertAnsweredJob(ground.database, { tenantId: 1 });
async function planningJob(): Promise<string> {
  const made = await send('POST', '/v1/jobs', { ...said, numbers: ['+447911123456'] });
  return made.body.id;
}
async function closedJob(): Promise<string> {
  const id = await planningJob();
  await send('POST', `/v1/jobs/${id}/cancel`);
  return id;
}

describe('pausing and resuming', () => {
  test('answer with the job, and the same when they are sent again', async () => {
    const id = await runningJob();
    for (const [verb, state] of [
      ['pause', 'paused'],
      ['pause', 'paused'],
      ['resume', 'running'],
      ['resume', 'running'],
    ]) {
      const { status, body } = await send('POST', `/v1/jobs/${id}/${verb}`);
      expect([status, body.state]).toEqual([200, state]);
      // Whose seconds go on from one answer to the next.
      const eta_seconds = body.eta_seconds === null ? null : expect.any(Number);
      expect((await read('GET', `/v1/jobs/${id}`)).body).toEqual({ ...body, eta_seconds });
    }
    const events = ground
      .logged()
      .split('\n')
      .filter((line) => line.includes(`"${id}"`));
    expect(events.filter((line) => line.includes('"job.paused"'))).toHaveLength(1);
    expect(events.filter((line) => line.includes('"job.resumed"'))).toHaveLength(1);
  });

  test('ring for what may be sent again, though the sweep has rung for it before', async () => {
    const id = await runningJob();
    const { rows } = await ground.database.query(
      `UPDATE store.chunks c SET state = 'ready', reason = NULL, due_at = now(), rung_at = now() FROM store.jobs j
        WHERE j.id = $1 AND c.job_no = j.job_no AND c.state = 'held' RETURNING c.id`,
      [id],
    );
    await send('POST', `/v1/jobs/${id}/pause`);
    await send('POST', `/v1/jobs/${id}/resume`);
    const queue = ground.queues.all().find(({ name }) => name === 'submit.alpha');
    const waiting = (await queue?.getJobs(['waiting', 'prioritized', 'delayed'])) ?? [];
    expect(waiting.map(({ data }) => data.chunkId)).toContain(rows[0].id);
  });

  test('take no body, also where a client announces one', async () => {
    const id = await runningJob();
    const announced = { 'content-type': 'application/json' };
    expect((await send('POST', `/v1/jobs/${id}/pause`, undefined, announced)).status).toBe(200);
    expect((await send('POST', `/v1/jobs/${id}/pause`, {})).status).toBe(200);
  });

  test('are refused while the job is planned or cancelled, and once it is closed', async () => {
    const [planning, cancelling, closed] = [
      await planningJob(),
      await runningJob(),
      await closedJob(),
    ];
    await send('POST', `/v1/jobs/${cancelling}/cancel`);
    for (const verb of ['pause', 'resume']) {
      for (const [id, code, words] of [
        [planning, 'job_not_pausable', 'planned'],
        [cancelling, 'job_not_pausable', 'cancelled'],
        [closed, 'job_closed', 'Closed jobs'],
      ] as const) {
        const { status, body } = await send('POST', `/v1/jobs/${id}/${verb}`);
        expect([status, body.code]).toEqual([409, code]);
        expect(body.detail).toContain(words);
      }
    }
  });
});

describe('changing a job', () => {
  test('takes what is named, removes what is null and leaves the rest', async () => {
    const id = await runningJob();
    const first = await send('PATCH', `/v1/jobs/${id}`, {
      max_cost: '12.50',
      priority: 7,
      name: 'spring',
    });
    expect(first).toMatchObject({
      status: 200,
      body: { id, name: 'spring', priority: 7, money: { max_cost: '12.5' } },
    });
    const second = await send('PATCH', `/v1/jobs/${id}`, { max_cost: null });
    expect(second.body).toMatchObject({ name: 'spring', priority: 7, money: { max_cost: null } });
    expect((await send('PATCH', `/v1/jobs/${id}`, {})).body).toEqual(second.body);
  });

  test('names what is wrong, and repeats none of it', async () => {
    const id = await runningJob();
    for (const [body, pointer] of [
      [{ max_cost: '-1' }, '/max_cost'],
      [{ max_cost: 3 }, '/max_cost'],
      [{ priority: 101 }, '/priority'],
      [{ priority: null }, '/priority'],
      [{ name: ' ' }, '/name'],
      [{ state: 'paused' }, '/state'],
    ] as const) {
      const { status, body: problem } = await send('PATCH', `/v1/jobs/${id}`, body);
      expect([status, problem.code]).toEqual([422, 'invalid_request']);
      expect(problem.errors).toMatchObject([{ in: 'body', pointer }]);
    }
    expect((await send('PATCH', `/v1/jobs/${id}`)).body.code).toBe('invalid_request');
  });

  test('is refused once the job is closed', async () => {
    const { status, body } = await send('PATCH', `/v1/jobs/${await closedJob()}`, { name: 'x' });
    expect([status, body.code]).toEqual([409, 'job_closed']);
  });
});

describe('cancelling', () => {
  test('says what is paid, what may still be charged and what is not spent', async () => {
    const id = await runningJob();
    const { status, body } = await send('POST', `/v1/jobs/${id}/cancel`);
    expect(status).toBe(200);
    expect(body.cancellation).toEqual({
      chunks_cancelled: 0,
      numbers_cancelled: 0,
      numbers_in_flight: 5,
      numbers_answered: 20,
      money: {
        currency: 'USD',
        paid: '0.01',
        may_still_be_charged: '0.002',
        released: '0',
        at_risk: '0',
        written_off: '0',
      },
    });
    // What is held waits for its person.
    expect(body.job).toMatchObject({
      state: 'cancelling',
      attention: [{ state: 'held', numbers: 5 }],
    });
    expect((await send('POST', `/v1/jobs/${id}/cancel`)).body).toEqual(body);
  });

  test('of a job that was never cut closes it at once, and counts what that saves', async () => {
    const id = await planningJob();
    const { body } = await send('POST', `/v1/jobs/${id}/cancel`);
    expect(body.job).toMatchObject({ state: 'cancelled', outcomes: { cancelled: 1 } });
    expect(body.cancellation).toMatchObject({
      numbers_cancelled: 1,
      numbers_in_flight: 0,
      money: { paid: '0', may_still_be_charged: '0', released: '0.0004' },
    });
    const again = await send('POST', `/v1/jobs/${id}/cancel`);
    expect([again.status, again.body]).toEqual([200, body]);
  });

  test('by many at the same time is one cancelling', async () => {
    const id = await planningJob();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send('POST', `/v1/jobs/${id}/cancel`)),
    );
    for (const { status, body } of answers) {
      expect([status, body.job.state, body.cancellation.numbers_cancelled]).toEqual([
        200,
        'cancelled',
        1,
      ]);
    }
    const ends = ground
      .logged()
      .split('\n')
      .filter((each) => each.includes('job.closed') && each.includes(id));
    expect(ends).toEqual([expect.stringContaining('"state_to":"cancelled"')]);
  });

  test('is refused where the job has closed otherwise', async () => {
    const id = await planningJob();
    await ground.database.query(
      "UPDATE store.jobs SET state = 'failed', failure = 'test', finished_at = now() WHERE id = $1",
      [id],
    );
    const { status, body } = await send('POST', `/v1/jobs/${id}/cancel`);
    expect([status, body.code]).toEqual([409, 'job_closed']);
  });
});

describe.each([
  ['POST', 'pause'],
  ['POST', 'resume'],
  ['POST', 'cancel'],
  ['POST', 'retry'],
  ['PATCH', ''],
])('%s %s', (method, verb) => {
  const path = (id: string) => `/v1/jobs/${id}${verb === '' ? '' : `/${verb}`}`;
  const body = method === 'PATCH' ? {} : undefined;

  test('needs the scope jobs:write', async () => {
    const others = await ground.bearer([
      'jobs:read',
      'results:read',
      'holds:resolve',
      'approvals:write',
    ]);
    const id = await runningJob();
    const refused = await senderTo(ground, others)(method, path(id), body);
    expect([refused.status, refused.body.code]).toEqual([403, 'scope_missing']);
    expect((await read('GET', `/v1/jobs/${id}`)).body.state).toBe('running');
  });

  test('finds no job of another tenant, and none that is not there', async () => {
    const foreign = await insertAnsweredJob(ground.database, { tenantId: otherTenant });
    const nobody = 'job_01929d3e-8c00-7a31-9f5c-0242ac120002';
    for (const id of [foreign, nobody, 'job_1']) {
      const { status, body: problem } = await send(method, path(id), body);
      expect([status, problem.code]).toEqual([404, 'not_found']);
    }
  });
});
