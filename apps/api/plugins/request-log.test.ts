import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedInDoubt } from '../testing/closed-job.ts';
import { type Ground, openGround } from '../testing/ground.ts';
import { openRaw } from '../testing/raw-request.ts';

let ground: Ground;
let authorization: string;
let closed: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:read', 'results:read']);
  closed = await closedInDoubt(ground.database);
});
afterAll(() => ground.close());

const mine = '01929d3e-8c00-7a31-9f5c-0242ac120002';
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test.each([
  ['a page', '/v1/jobs', 200],
  ['a stream of events', '/v1/jobs/JOB/events', 200],
  ['a file', '/v1/jobs/JOB/export', 200],
  ['a refusal', '/v1/jobs?colour=red', 422],
  ['a scope that is missing', '/v1/keys', 403],
  ['a path that is not there', '/v2', 404],
  ['a path that cannot be decoded', '/v1/jobs/%', 400],
  ['the reference', '/docs', 200],
])(
  '%s carries the id of its request, the one that was sent under its name',
  async (_, path, status) => {
    const url = `${ground.url}${path.replace('JOB', closed)}`;
    const own = await fetch(url, { headers: { authorization } });
    await own.text();
    expect([own.status, own.headers.get('x-request-id')]).toEqual([
      status,
      expect.stringMatching(uuid),
    ]);
    const given = await fetch(url, { headers: { authorization, 'x-request-id': mine } });
    await given.text();
    expect(given.headers.get('x-request-id')).toBe(mine);
  },
);

test('an id that is no UUID is not taken over: it could be anything', async () => {
  const headers = { authorization, 'x-request-id': '+447911123456' };
  const answer = await fetch(`${ground.url}/v1/jobs`, { headers });
  expect(answer.headers.get('x-request-id')).toMatch(uuid);
  expect(ground.logged()).not.toContain('447911123456');
});

test('what is not even a request is answered with an id as well', async () => {
  const socket = await openRaw(ground.url);
  socket.write('NONSENSE\r\n\r\n');
  const answer = await text(socket);
  const [, id] = /^x-request-id: (.+)\r$/m.exec(answer) ?? [];
  expect(id).toMatch(uuid);
  expect(answer).toContain(`urn:uuid:${id}`);
});

test('JSON ends with a line break, counted in its length; nothing is added to other bodies', async () => {
  for (const path of ['/v1/jobs', '/v1/jobs?colour=red', '/openapi.json']) {
    const answer = await fetch(`${ground.url}${path}`, { headers: { authorization } });
    const body = await answer.text();
    expect(body, path).toMatch(/[}]\n$/);
    expect(Number(answer.headers.get('content-length')), path).toBe(Buffer.byteLength(body));
  }
  const exported = await fetch(`${ground.url}/v1/jobs/${closed}/export?format=ndjson`, {
    headers: { authorization },
  });
  expect(await exported.text()).toMatch(/[^\n]\n$/);
});
