import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testBackends } from '@rollcall/testing';
import { type Ground, openGround } from '../testing/ground.ts';

describe.each(testBackends)('with the queue on %s', (backend) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround({ backend });
  });
  afterAll(() => ground.close());

  test('a process with everything at hand is alive and ready', async () => {
    const alive = await fetch(`${ground.url}/healthz`);
    const ready = await fetch(`${ground.url}/readyz`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', postgres: { ok: true }, queue: { ok: true, backend } },
    ]);
  });
});

test('every answer carries its request id and headers that keep browsers strict', async () => {
  const ground = await openGround();
  try {
    const given = '01929d3e-8c00-7a31-9f5c-0242ac120002';
    const answer = await fetch(`${ground.url}/healthz`, { headers: { 'x-request-id': given } });
    expect(answer.headers.get('x-request-id')).toBe(given);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('strict-transport-security')).toBeNull();
    const odd = await fetch(`${ground.url}/nowhere`, {
      headers: { 'x-request-id': '+447911123456' },
    });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await odd.json()).toMatchObject({ code: 'not_found', status: 404 });
    const wrong = await fetch(`${ground.url}/v1/jobs/x/results`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(ground.logged()).not.toContain('447911123456');
  } finally {
    await ground.close();
  }
});

test('the root says where everything is, and each of it is there', async () => {
  const ground = await openGround();
  try {
    const answer = await fetch(ground.url);
    const { links } = (await answer.json()) as { links: Record<string, string> };
    expect(Object.keys(links)).toEqual(['jobs', 'docs', 'openapi', 'dashboard', 'health']);
    const authorization = await ground.bearer(['admin']);
    for (const path of Object.values(links)) {
      const there = await fetch(`${ground.url}${path}`, { headers: { authorization } });
      expect([path, there.status]).toEqual([path, 200]);
    }
  } finally {
    await ground.close();
  }
});
