import { parseId } from '@rollcall/domain';
import { testBackends } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { insertHeld, insertHeldAccepted } from '../testing/held-chunk.ts';

test('says at once that the queue was never reached, for as long as it is so', async () => {
  // Nothing listens there.
  const ground = await openGround({ redisUrl: 'redis://127.0.0.1:1' });
  const authorization = await ground.bearer(['admin']);
  const ask = (path: string) =>
    fetch(`${ground.url}/admin/queues${path}`, { headers: { authorization } });
  const answer = await ask('/api/queues');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ code: 'queue_unavailable' });
  // What needs no queue is there.
  expect([(await ask('')).status, (await ask('/holds')).status]).toEqual([200, 200]);
  await ground.close();
});

describe.each(testBackends)('the dashboard on %s', (backend) => {
  let ground: Ground;
  let key: string;
  let made: Promise<number> | undefined;
  const otherTenant = () => (made ??= addTenant(ground.database));
  beforeAll(async () => {
    ground = await openGround({ backend });
    key = (await ground.bearer(['admin'])).slice('Bearer '.length);
  });
  afterAll(() => ground.close());

  const bearer = (shown: string) => ({ authorization: `Bearer ${shown}` });
  const get = (path: string, headers: RequestInit['headers'] = bearer(key), method = 'GET') =>
    fetch(`${ground.url}/admin/queues${path}`, { headers, method });

  test('asks for a key, of an admin', async () => {
    // What was a way in once, and would be one for other sites' requests too.
    const basic = { authorization: `Basic ${Buffer.from(`anyone:${key}`).toString('base64')}` };
    for (const path of ['', '/', '/api/queues', '/static/favicon.ico', '/queue/plan']) {
      for (const headers of [{}, bearer('rc_live_x'), basic, { cookie: 'rollcall-session=x' }]) {
        const answer = await get(path, headers);
        expect(answer.status, path).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
        expect(answer.headers.get('content-type')).toContain('problem+json');
      }
    }
    const lesser = (await ground.bearer(['jobs:read'])).slice('Bearer '.length);
    expect((await get('/', bearer(lesser))).status).toBe(403);
    expect((await get('/')).status).toBe(200);
  });

  test('takes no method but GET and HEAD', async () => {
    for (const [method, path] of [
      ['PUT', '/api/queues/plan/pause'],
      ['PUT', '/api/queues/plan/empty'],
      ['PUT', '/api/queues/pause'],
      ['POST', '/api/queues/plan/add'],
      ['PATCH', '/api/queues/plan/1/update-data'],
      ['DELETE', '/api/queues/plan/1'],
    ] as const) {
      const answer = await get(path, bearer(key), method);
      expect([path, answer.status]).toEqual([path, 405]);
      expect(await answer.json()).toMatchObject({ code: 'method_not_allowed' });
    }
  });

  test('fault 28: no click on a submit doorbell, on whatever route the board has, sends a chunk or rings for it', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    const id = parseId('chunk', chunkId);
    if (!id) throw new Error('no id');
    await ground.queues.ring([{ stage: 'submit', chunkId: id, account: 'alpha', ring: 28 }]);
    const queue = ground.queues.all().find(({ name }) => name === 'submit.alpha');
    const bells = async () =>
      (await queue?.getJobs(['waiting', 'prioritized', 'delayed', 'failed', 'completed']))
        ?.map((job) => `${job.id} ${job.timestamp} ${job.attemptsMade}`)
        .toSorted();
    const bell = (await queue?.getJobs(['waiting', 'prioritized']))?.find(
      (job) => 'chunkId' in job.data && job.data.chunkId === chunkId,
    );
    const facts = async () =>
      (
        await ground.database.query(
          `SELECT c.state, c.reason, c.fence, c.ring_no, a.outcome, (SELECT count(*) FROM store.attempts o WHERE o.chunk_id = c.id) AS attempts
             FROM store.chunks c JOIN store.attempts a ON a.id = $2 WHERE c.id = $1`,
          [chunkId, attemptId],
        )
      ).rows;
    const before = [await bells(), await facts()];
    const ofQueue = '/api/queues/submit.alpha';
    const clicks = [
      ...[
        'retry',
        'promote',
        'clean',
        'update-data',
        'delay',
        'priority',
        'remove-unprocessed-children',
      ].map((click) => `${ofQueue}/${bell?.id}/${click}`),
      ...[
        'retry/failed',
        'retry/completed',
        'promote',
        'clean/failed',
        'add',
        'pause',
        'resume',
        'empty',
        'concurrency',
        'rate-limit',
        'obliterate',
      ].map((click) => `${ofQueue}/${click}`),
      '/api/queues/pause',
      '/api/queues/resume',
      `${ofQueue}/${bell?.id}`,
    ];
    for (const path of clicks) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await fetch(`${ground.url}/admin/queues${path}`, {
          method,
          headers: { ...bearer(key), 'content-type': 'application/json' },
          body: JSON.stringify({
            name: 'submit',
            data: { stage: 'submit', chunkId, account: 'alpha', ring: 29 },
            options: {},
          }),
        });
        expect([method, path, answer.status]).toEqual([method, path, 405]);
      }
    }
    expect([await bells(), await facts()]).toEqual(before);
  });

  test('its page asks nobody else for anything', async () => {
    const answer = await get('/');
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(html).toContain('Rollcall: doorbells');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
    const loaded = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, path]) => path);
    expect(loaded.length).toBeGreaterThan(3);
    for (const path of loaded) expect((await get(`/${path}`)).status, path).toBe(200);
  });

  test('an error of the queue is answered as one of any other route, without its text, and logged', async () => {
    const queue = ground.queues.all().find(({ name }) => name === 'plan');
    if (!queue) throw new Error('no queue');
    const redis = backend === 'redis' ? await queue.getBackend().client : null;
    // What is no set cannot be counted.
    if (redis) await redis.hset(queue.toKey('delayed'), { not: 'a set' });
    else await ground.database.query('ALTER TABLE bullmq.job RENAME TO job_away');
    const answer = await get('/api/queues?activeQueue=plan&status=latest&page=1');
    if (redis) await redis.del(queue.toKey('delayed'));
    else await ground.database.query('ALTER TABLE bullmq.job_away RENAME TO job');
    expect(answer.status).toBe(500);
    const { instance, ...problem } = (await answer.json()) as Json;
    expect(problem).toMatchObject({ code: 'internal', title: 'An error of ours' });
    expect(JSON.stringify(problem)).not.toMatch(/WRONGTYPE|relation/);
    const failures = ground
      .logged()
      .split('\n')
      .filter((line) => line.includes('http.failed'));
    expect(failures).toEqual([expect.stringContaining(instance.slice('urn:uuid:'.length))]);
    expect((await get('/api/queues')).status).toBe(200);
  });

  test('shows every queue and the doorbells in it, which hold ids only', async () => {
    const jobId = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const foreign = await insertAnsweredJob(ground.database, { tenantId: await otherTenant() });
    await ground.queues.ring([
      { stage: 'plan', jobId, ring: 1 },
      { stage: 'plan', jobId: foreign, ring: 1 },
    ]);
    const answer = await get('/api/queues?activeQueue=plan&status=waiting&page=1');
    const { queues } = (await answer.json()) as Json;
    expect(queues.map((queue: Json) => queue.name).sort()).toEqual([
      'ingest',
      'plan',
      'poll',
      'submit.alpha',
      'submit.beta',
    ]);
    const plan = queues.find((queue: Json) => queue.name === 'plan');
    expect(plan.readOnlyMode).toBe(true);
    const data: Json[] = plan.jobs.map((job: Json) => job.data);
    expect(data).toHaveLength(2);
    expect(data).toEqual(expect.arrayContaining([{ stage: 'plan', jobId, ring: 1 }, {}]));
    // That it is there is all that another tenant's key is shown.
    expect(JSON.stringify(queues)).not.toContain(foreign);
  });

  test('says of a doorbell which chunk it rings for and what that is now, and leads to its page', async () => {
    const { chunkId } = await insertHeld(ground.database);
    const id = parseId('chunk', chunkId);
    if (!id) throw new Error('no id');
    await ground.queues.ring([{ stage: 'submit', chunkId: id, account: 'alpha', ring: 7 }]);
    const list = await get('/api/queues?activeQueue=submit.alpha&status=waiting&page=1');
    const { queues } = (await list.json()) as Json;
    const submit = queues.find((queue: Json) => queue.name === 'submit.alpha');
    expect(submit.delimiter).toBe('.');
    const shown = submit.jobs.find((job: Json) => job.data.chunkId === chunkId);
    expect(shown).toMatchObject({
      name: 'submit chunk 2 of 2 to alpha: 5 numbers for telegram, now held (unknown)',
      externalUrl: { href: `/admin/queues/chunk/${chunkId}` },
      data: { stage: 'submit', chunkId, account: 'alpha', ring: 7 },
    });
    const one = await get(`/api/queues/submit.alpha/${shown.id}`);
    expect(((await one.json()) as Json).job.name).toBe(shown.name);
  });

  test('has a page for each chunk that says what to do, shows no number, and runs nothing', async () => {
    const { chunkId, attemptId } = await insertHeld(ground.database);
    await ground.database.query(
      `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, started_at, duration_ms, headers_sent, http_status, body_excerpt)
       VALUES ($1, 1, 'submit', 'not_success', now(), 1200, true, 200, '<script>alert("+447911123456")</script>')`,
      [attemptId],
    );
    const answer = await get(`/chunk/${chunkId}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    const page = await answer.text();
    expect(page).toContain('held (unknown, connection_lost)');
    expect(page).toContain(`/v1/holds/${chunkId}/resolve`);
    // A chunk that was paid again before is decided on only where the upload is named.
    expect(page).toContain(`-d '{"attempt_id":"${attemptId}","decision":"pay_again",`);
    expect(page).toContain('&#60;script&#62;alert(&#34;[number]&#34;)');
    expect(page).not.toMatch(/<script|7911123456/);
    expect((await get(`/chunk/${chunkId}`, {})).status).toBe(401);
    const stranger = await ground.bearer(['admin'], await otherTenant());
    expect((await get(`/chunk/${chunkId}`, { authorization: stranger })).status).toBe(404);
    expect((await get('/chunk/chk_1')).status).toBe(404);
    const list = await (await get('/holds')).text();
    expect(list).toContain(`href="/admin/queues/chunk/${chunkId}"`);
    const theirs = await (await get('/holds', { authorization: stranger })).text();
    expect(theirs).toContain('Chunks that wait for a person');
    expect(theirs).not.toContain(chunkId);
  });

  test('says of each reason what to ask, and what giving up does to the money', async () => {
    const pageOf = async (chunkId: string) => (await get(`/chunk/${chunkId}`)).text();
    const unknown = await pageOf((await insertHeld(ground.database)).chunkId);
    expect(unknown).toContain('whether the upload below');
    expect(unknown).toContain('Its money is at risk');
    for (const [reason, ask] of [
      ['upstream_failed', 'claim the money back'],
      ['poll', 'what became of task'],
      ['artifact', 'Look at the kept file'],
    ] as const) {
      const { chunkId, taskId } = await insertHeldAccepted(ground.database, reason);
      const page = await pageOf(chunkId);
      expect(page).toContain(ask);
      expect(page).toContain(`<code>${taskId}</code>`);
      expect(page).toContain('Its money stays spent');
      expect(page).not.toMatch(/at risk|no such task/);
    }
  });

  test('reaches the last 1,000 doorbells of a queue, page by page', async () => {
    const rings = Array.from({ length: 1_000 }, (_, ring) => ({
      stage: 'poll' as const,
      account: 'alpha',
      ring,
    }));
    // By the hundred: all of them at once ran out of a ring's second on a busy machine.
    for (let from = 0; from < rings.length; from += 100) {
      const rung = await ground.queues.ring(rings.slice(from, from + 100));
      expect(rung).toMatchObject({ failed: 0 });
    }
    const seen = new Set<string>();
    for (let page = 1; ; page += 1) {
      const path = `/api/queues?activeQueue=poll&status=waiting&jobsPerPage=250&page=${page}`;
      const { queues } = (await (await get(path)).json()) as Json;
      const poll = queues.find((queue: Json) => queue.name === 'poll');
      for (const job of poll.jobs) seen.add(job.id);
      if (page >= poll.pagination.pageCount) break;
    }
    expect(seen.size).toBe(1_000);
  });
});
