import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { openRaw, sendRaw } from '../testing/raw-request.ts';

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround({ limits: { requestTimeout_ms: 1_500, connectionTimeout_ms: 1_000 } });
  authorization = await ground.bearer(['jobs:write']);
});
afterAll(() => ground.close());

const query = 'check=telegram&purpose=p&requested_by=r';
const boundary = '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n';

function head(contentType: string, length: number, search = ''): string {
  return [
    `POST /v1/jobs?${search} HTTP/1.1`,
    'host: x',
    `authorization: ${authorization}`,
    `content-type: ${contentType}`,
    `content-length: ${length}`,
    '\r\n',
  ].join('\r\n');
}

const uploads: [string, () => string][] = [
  ['raw', () => `${head('text/csv', 9_999, query)}+447911123456\n`],
  [
    'JSON',
    () => `${head('application/json', 9_999)}{"check":"telegram","numbers":["+447911123456",`,
  ],
  ['JSON before its numbers', () => `${head('application/json', 9_999)}{"check":"tele`],
  ['form', () => `${head('multipart/form-data; boundary=b', 9_999)}${boundary}+447911123456\n`],
];

async function expectNothingStored(): Promise<void> {
  for (const table of ['jobs', 'job_numbers', 'rejects', 'blobs', 'blob_parts']) {
    const { rows } = await ground.database.query(`SELECT count(*) AS rows FROM store.${table}`);
    expect(rows, table).toEqual([{ rows: 0 }]);
  }
  expect(await readdir(tmpdir())).toEqual([]);
  // An erasure would wait for it. The answer may be there a moment before.
  const open = async () => (await ground.database.query('SELECT FROM store.intakes')).rowCount;
  await waitFor(async () => (await open()) === 0, { describe: 'the upload to be given up' });
}

const requestsLogged = () => ground.logged().split('"http.request"').length - 1;

test.each(uploads)('a %s upload whose caller goes away leaves nothing', async (_form, bytes) => {
  const logged = requestsLogged();
  const socket = await openRaw(ground.url);
  socket.write(bytes());
  await new Promise((resolve) => setImmediate(resolve));
  socket.resetAndDestroy();
  await waitFor(() => requestsLogged() > logged, { describe: 'the request to end' });
  await expectNothingStored();
});

test.each(uploads)('a %s upload that never goes on is ended', async (_form, bytes) => {
  const answer = await sendRaw(ground.url, bytes());
  expect(answer === '' || /^HTTP\/1.1 (?:408|400) /.test(answer), answer).toBe(true);
  await expectNothingStored();
});

test('a body that goes on and on after its refusal is cut off', async () => {
  const socket = await openRaw(ground.url);
  socket.write(head('text/csv', 9_999, query).replace('rc_live_', 'rc_dead_'));
  const dripping = setInterval(() => socket.write('1'), 100);
  const answer = await text(socket);
  clearInterval(dripping);
  expect(answer).toMatch(/^HTTP\/1.1 401 /);
});

test('an upload that drips is ended at the request timeout', async () => {
  const socket = await openRaw(ground.url);
  socket.write(head('text/csv', 9_999, query));
  const dripping = setInterval(() => socket.write('1'), 100);
  const answer = await text(socket);
  clearInterval(dripping);
  expect(answer).toMatch(/^HTTP\/1.1 408 [^]*"request_timeout"/);
  await expectNothingStored();
});

test('what is no HTTP, and headers without end, are answered as problems too', async () => {
  const broken = await sendRaw(ground.url, 'HELLO\r\n\r\n');
  expect(broken).toMatch(/^HTTP\/1.1 400 [^]*application\/problem\+json[^]*"malformed_request"/);
  const long = await sendRaw(ground.url, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  expect(long).toMatch(/^HTTP\/1.1 431 [^]*"headers_too_large"/);
});

test('a path that cannot be decoded is refused without being repeated', async () => {
  const answer = await fetch(`${ground.url}/v1/jobs/%zz447911123456`);
  const body = await answer.text();
  expect([answer.status, body.includes('447911123456')]).toEqual([400, false]);
  expect(JSON.parse(body)).toMatchObject({ code: 'malformed_request' });
});

test('a refused upload is answered although most of it was never read', async () => {
  const answer = await fetch(`${ground.url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'text/csv' },
    body: 'x'.repeat(3_000_000),
  });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code: 'invalid_request' });
});

test('the rest of a refused upload runs out behind its answer, and the connection takes the next request', async () => {
  // Inflated by readers of their own, which end later than the answer.
  const body = gzipSync('4'.repeat(100_000) + randomBytes(1_500_000).toString('base64'));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const upload = async () => {
    const headers = { authorization, 'content-type': 'text/csv', 'content-length': body.length };
    const sent = request(`${ground.url}/v1/jobs?${query}`, { method: 'POST', headers, agent });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return [JSON.parse(await text(answer)).code, sent.reusedSocket];
  };
  expect(await upload()).toEqual(['line_too_long', false]);
  expect(await upload()).toEqual(['line_too_long', true]);
  agent.destroy();
});
