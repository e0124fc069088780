import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { testBackends } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

describe.each(testBackends)('the dashboard on %s', (backend) => {
  let ground: Ground;
  let key: string;
  beforeAll(async () => {
    ground = await openGround({ backend });
    key = (await ground.bearer(['admin'])).slice('Bearer '.length);
  });
  afterAll(() => ground.close());

  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
  });
  const get = (path: string, headers: Record<string, string> = basic(key), method = 'GET') =>
    fetch(`${ground.url}/admin/queues${path}`, { headers, method });

  test('asks for a key, of an admin', async () => {
    for (const path of ['', '/', '/api/queues', '/static/favicon.ico', '/queue/plan']) {
      for (const headers of [{}, basic('rc_live_x'), { authorization: 'Basic ???' }]) {
        const answer = await get(path, headers);
        expect(answer.status, path).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
        expect(((await answer.json()) as Json).detail).toContain('as the password');
      }
    }
    const lesser = (await ground.bearer(['jobs:read'])).slice('Bearer '.length);
    expect((await get('/', basic(lesser))).status).toBe(403);
    expect((await get('/', { authorization: `Bearer ${key}` })).status).toBe(200);
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
      const answer = await get(path, basic(key), method);
      expect([path, answer.status]).toEqual([path, 405]);
      expect(await answer.json()).toMatchObject({ code: 'method_not_allowed' });
    }
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

  test('shows every queue and the doorbells in it, which hold ids only', async () => {
    const jobId = makeId('job', Date.now(), randomBytes(10));
    await ground.queues.ring([{ stage: 'plan', jobId, ring: 1 }]);
    const answer = await get('/api/queues?activeQueue=plan&status=waiting&page=1');
    const { queues } = (await answer.json()) as Json;
    expect(queues.map((queue: Json) => queue.name).sort()).toEqual([
      'ingest',
      'plan',
      'poll',
      'submit-alpha',
      'submit-beta',
    ]);
    const plan = queues.find((queue: Json) => queue.name === 'plan');
    expect(plan.readOnlyMode).toBe(true);
    expect(plan.jobs.map((job: Json) => job.data)).toEqual([{ stage: 'plan', jobId, ring: 1 }]);
  });

  test('reaches the last 1,000 doorbells of a queue, page by page', async () => {
    const rings = Array.from({ length: 1_000 }, (_, ring) => ({
      stage: 'poll' as const,
      account: 'alpha',
      ring,
    }));
    await ground.queues.ring(rings);
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
