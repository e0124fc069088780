import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  type Ground,
  type Json,
  jsonOf,
  keyOf,
  openGround,
  someNumbers,
  until,
} from '../testing/ground.ts';

const create = { contract: 'tasks-v1', operation: 'create' };

/** Posts a fault for creations of tasks-v1. */
function onCreate(ground: Ground, action: object, when: object = {}): Promise<Json> {
  return ground.control('POST', 'faults', { match: create, ...when, action });
}

function upload(ground: Ground, first?: number): Promise<Response> {
  return ground.create('ekycpro', someNumbers(10, first), 'coinW');
}

async function charges(ground: Ground): Promise<Json[]> {
  return (await ground.control('GET', 'ledger')).charges;
}

/** How a call ended: its status, or the code of its failure. */
async function endOf(call: Promise<Response>): Promise<number | string> {
  try {
    const response = await call;
    await response.text();
    return response.status;
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? String(error);
  }
}

describe('which requests a fault strikes', () => {
  test('the nth and so many from there', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status: 500 }, { nth: 2, next: 2 });
    const ends: unknown[] = [];
    for (let turn = 0; turn < 5; turn += 1)
      ends.push(await endOf(upload(ground, 1e10 + turn * 100)));
    expect(ends).toEqual([200, 500, 500, 200, 200]);
    expect((await ground.control('GET', 'faults')).faults).toMatchObject([{ seen: 5, fired: 2 }]);
  });

  test('only those of its contract, operation, account, key and task type', async () => {
    await using ground = await openGround();
    const matches = [
      { contract: 'webcom' },
      { operation: 'status' },
      { account: 'checknumber' },
      { key: 'sim-checknumber' },
      { task_type: 'tg' },
      { task_id: 'd4g8o46p2jvh04o9uolg' },
    ];
    const action = { kind: 'answer', status: 503 };
    const faults = matches.map((match) => ({ match, next: 'all', action }));
    await ground.control('POST', 'faults', faults);
    expect(await endOf(upload(ground))).toBe(200);
    expect(await endOf(ground.create('ekycpro', someNumbers(10), 'tg'))).toBe(503);
    expect(await endOf(ground.create('checknumber', someNumbers(10), 'coinW'))).toBe(503);
    expect(await endOf(ground.status('ekycpro', 'x'))).toBe(503);
    expect(await endOf(ground.create('webcom', someNumbers(10), 'WA_cheking'))).toBe(503);
  });

  test('one after the other where several are due, and none once they are deleted', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status: 500 });
    await onCreate(ground, { kind: 'answer', status: 429 });
    await onCreate(ground, { kind: 'answer', status: 413 }, { next: 'all' });
    expect([await endOf(upload(ground)), await endOf(upload(ground))]).toEqual([500, 429]);
    expect(await endOf(upload(ground))).toBe(413);
    await ground.control('DELETE', 'faults');
    expect(await endOf(upload(ground))).toBe(200);
  });

  test('never those that the fault could not know: a contradiction is refused when it is posted', async () => {
    await using ground = await openGround();
    const fault = { match: { task_type: 'tg' }, action: { kind: 'reset_before_body' } };
    await expect(ground.control('POST', 'faults', fault)).rejects.toThrow('before the body');
    await expect(onCreate(ground, { kind: 'explode' })).rejects.toThrow('400');
  });
});

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
    socket.on('data', (bytes) => (received += bytes));
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
    await expect(response.text()).rejects.toThrow();
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

test('a delay comes before the charge or after it', async () => {
  await using ground = await openGround();
  await onCreate(ground, { kind: 'delay', ms: 60_000, before_charge: true });
  await onCreate(ground, { kind: 'delay', ms: 60_000 });
  for (const [charged, first] of [
    [0, 1e10],
    [1, 2e10],
  ] as const) {
    const body = new FormData();
    body.append('task_type', 'tg');
    body.append('file', new Blob([someNumbers(5, first).join('\n')]), 'n.txt');
    const abort = new AbortController();
    const { signal } = abort;
    const headers = keyOf('ekycpro');
    const call = endOf(fetch(`${ground.url}/v1/tasks`, { method: 'POST', headers, body, signal }));
    await until(async () => (await ground.control('GET', 'faults')).faults[charged].fired === 1);
    await until(async () => (await charges(ground)).length === charged);
    abort.abort();
    await call;
  }
});

describe('a task’s coming answers', () => {
  test('follow a scripted sequence, then the truth', async () => {
    await using ground = await openGround();
    const statuses = [
      'processing',
      'pending',
      'moonwalking',
      { status: 'processing', success: -5 },
    ];
    await onCreate(ground, { kind: 'statuses', statuses });
    const { task_id } = await jsonOf(upload(ground));
    const said: unknown[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const { status, success } = await jsonOf(ground.status('ekycpro', task_id));
      said.push(status === 'processing' && success < 0 ? 'negative' : status);
    }
    expect(said).toEqual([
      'processing',
      'pending',
      'moonwalking',
      'negative',
      'exported',
      'exported',
    ]);
  });

  test('may stay failed for good, of a task already there', async () => {
    await using ground = await openGround();
    const { data } = await jsonOf(ground.create('webcom', someNumbers(10), 'WA_cheking'));
    const match = { operation: 'status', task_id: String(data.id) };
    const action = { kind: 'statuses', statuses: ['inwork', 'rejected'], hold_last: true };
    await ground.control('POST', 'faults', { match, action });
    for (const word of ['inwork', 'rejected', 'rejected']) {
      expect((await jsonOf(ground.status('webcom', data.id))).data[0].status).toBe(word);
    }
  });

  test('may hold URLs that are born expired, before good ones', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'expired_urls', count: 2 });
    const { task_id } = await jsonOf(upload(ground));
    const codes: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      codes.push(await endOf(fetch((await jsonOf(ground.status('ekycpro', task_id))).result_url)));
    }
    expect(codes).toEqual([403, 403, 200]);
  });
});

describe('a download', () => {
  async function downloadUnder(ground: Ground, action: object): Promise<string> {
    const { task_id } = await jsonOf(upload(ground));
    await ground.control('POST', 'faults', { match: { operation: 'file', task_id }, action });
    return (await jsonOf(ground.status('ekycpro', task_id))).result_url;
  }

  test('is cut off once, and whole the next time', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'cut_body' });
    expect(await endOf(fetch(url))).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
    expect(await endOf(fetch(url))).toBe(200);
  });

  test('drips', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'slow_body', bytes_per_second: 100 });
    const response = await fetch(url);
    const length = Number(response.headers.get('content-length'));
    let received = 0;
    for await (const bytes of response.body ?? []) {
      received += (bytes as Uint8Array).length;
      if (received > 30) break;
    }
    expect(received).toBeLessThan(length);
  });

  test('does not end', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'endless_body' });
    let received = 0;
    for await (const bytes of (await fetch(url)).body ?? []) {
      received += (bytes as Uint8Array).length;
      if (received > 3_000_000) break;
    }
    expect(received).toBeGreaterThan(3_000_000);
  });

  test('is forbidden, in S3’s words', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'answer', status: 403 });
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      403,
      'application/xml',
    ]);
  });
});
