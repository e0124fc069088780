import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { charges, endOf, onCreate, upload } from '../testing/fault-calls.ts';
import { jsonOf, keyOf, openGround, someNumbers, until } from '../testing/ground.ts';

describe('a creation that is not accepted', () => {
  test.for([
    [400, 'application/json'],
    [401, 'application/json'],
    [500, 'application/json'],
    [502, 'text/html'],
  ] as const)('%i in the shape that it has in the wild, free', async ([status, type]) => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status });
    const response = await upload(ground);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain(type);
    expect(await charges(ground)).toEqual([]);
    expect((await ground.control('GET', 'tasks')).tasks).toEqual([]);
  });

  test('a reset before the body, never charged', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'reset_before_body' });
    expect(await endOf(upload(ground))).not.toBe(200);
    expect(await charges(ground)).toEqual([]);
  });

  test('an answer before the body was read, the connection then reset', async () => {
    await using ground = await openGround();
    const early = { kind: 'answer', status: 400, before_body: true, then_reset: true };
    await onCreate(ground, early);
    // Only the head is sent: an answer proves that the body was not waited for.
    const { hostname, port } = new URL(ground.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nX-API-Key: sim-ekycpro\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b`,
    );
    let received = '';
    let code = '';
    socket.on('data', (bytes) => (received += String(bytes)));
    socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''));
    await until(() => code !== '');
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
    expect(received).toContain('"error":"bad_request"');
    expect(code).toBe('ECONNRESET');
    expect(await charges(ground)).toEqual([]);
  });
});

describe('a creation that is accepted, its answer lost', () => {
  test.for([
    ['a reset', { kind: 'reset' }],
    ['a reset after the headers', { kind: 'reset_after_headers' }],
    ['a body cut off', { kind: 'cut_body', bytes: 20 }],
  ] as const)('%s: charged', async ([, action]) => {
    await using ground = await openGround();
    await onCreate(ground, action);
    expect(await endOf(upload(ground))).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
    expect(await charges(ground)).toHaveLength(1);
  });

  test('no answer at all: charged, and stopping does not wait for it', async () => {
    const ground = await openGround();
    await onCreate(ground, { kind: 'never_answer' });
    const call = endOf(upload(ground));
    await until(async () => (await charges(ground)).length === 1);
    await ground[Symbol.asyncDispose]();
    expect(await call).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
  });

  test.for(['reset', 'never_answer', 'reset_after_headers'])(
    '%s may say charge: false',
    async (kind) => {
      await using ground = await openGround();
      await onCreate(ground, { kind, charge: false });
      const abort = new AbortController();
      const body = new FormData();
      body.append('task_type', 'tg');
      body.append('file', new Blob(someNumbers(5)), 'n.txt');
      const headers = keyOf('ekycpro');
      const { signal } = abort;
      const call = endOf(
        fetch(`${ground.url}/v1/tasks`, { method: 'POST', headers, body, signal }),
      );
      await until(async () => (await ground.control('GET', 'faults')).faults[0].fired === 1);
      if (kind === 'never_answer') abort.abort();
      expect(await call).not.toBe(200);
      expect(await charges(ground)).toEqual([]);
    },
  );

  test('headers of a refusal, then a reset: the code is there to be counted', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'reset_after_headers', status: 400, charge: false });
    const response = await upload(ground);
    expect(response.status).toBe(400);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(await charges(ground)).toEqual([]);
  });

  test.for([
    ['HTML', { text: '<html>ok</html>' }, '<html>ok</html>'],
    ['nothing', { text: '' }, ''],
    ['JSON of another kind', { json: { success: false } }, '{"success":false}'],
  ] as const)('200 with %s: charged where it says so', async ([, body, sent]) => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status: 200, charge: true, ...body });
    const response = await upload(ground);
    expect([response.status, await response.text()]).toEqual([200, sent]);
    expect(await charges(ground)).toHaveLength(1);
  });

  test('JSON cut short with a Content-Length that agrees', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'cut_body', bytes: 20, clean: true });
    expect(await (await upload(ground)).text()).toHaveLength(20);
    expect(await charges(ground)).toHaveLength(1);
  });

  test('any field may be wrong or absent', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'patch', merge: { task_id: null, total: -1 }, status: 202 });
    const answer = await jsonOf(upload(ground), 202);
    expect(answer).toMatchObject({ status: 'pending', total: -1 });
    expect('task_id' in answer).toBe(false);
    expect(await charges(ground)).toHaveLength(1);
  });

  test('another task’s id: charged under its own', async () => {
    await using ground = await openGround();
    const first = await jsonOf(upload(ground));
    await onCreate(ground, { kind: 'duplicate_task_id' });
    const second = await jsonOf(upload(ground, 1e10));
    expect(second.task_id).toBe(first.task_id);
    const [, charge] = await charges(ground);
    expect(charge.shown_task_id).toBe(first.task_id);
    expect(charge.task_id).not.toBe(first.task_id);
  });
});

test.for([
  ['before', 0],
  ['after', 1],
] as const)('a delay may come %s the charge', async ([when, charged]) => {
  await using ground = await openGround();
  await onCreate(ground, { kind: 'delay', ms: 60_000, before_charge: when === 'before' });
  const body = new FormData();
  body.append('task_type', 'tg');
  body.append('file', new Blob([someNumbers(5).join('\n')]), 'n.txt');
  const abort = new AbortController();
  const { signal } = abort;
  const headers = keyOf('ekycpro');
  const call = endOf(fetch(`${ground.url}/v1/tasks`, { method: 'POST', headers, body, signal }));
  await until(async () => (await ground.control('GET', 'faults')).faults[0].fired === 1);
  await until(async () => (await charges(ground)).length === charged);
  abort.abort();
  expect(await call).not.toBe(200);
  expect(await charges(ground)).toHaveLength(charged);
});
