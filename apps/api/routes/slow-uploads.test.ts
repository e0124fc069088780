import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { query } from '../testing/post-job.ts';
import { openRaw } from '../testing/raw-request.ts';

let ground: Ground;
let slow: string;
let other: string;
beforeAll(async () => {
  ground = await openGround({
    limits: {
      uploads: { atOnceMax: 16, atOncePerKeyMax: 4 },
      slowBodies: { bodyTimeout_ms: 1_500, uploadBytesPerSecondMin: 100, slowAfter_ms: 3_000 },
    },
  });
  [slow, other] = await Promise.all([ground.bearer(['admin']), ground.bearer(['admin'])]);
});
afterAll(() => ground.close());

const head = (method: string, path: string, authorization: string, contentType: string) =>
  [
    `${method} ${path} HTTP/1.1`,
    'host: x',
    `authorization: ${authorization}`,
    `content-type: ${contentType}`,
    'content-length: 9999',
    '\r\n',
  ].join('\r\n');

/** A connection that brings a byte every tenth of a second, and all that it is answered. */
async function drip(start: string): Promise<{ readonly answer: Promise<string>; end(): void }> {
  const socket: Socket = await openRaw(ground.url);
  socket.write(start);
  const dripping = setInterval(() => socket.write('1'), 100);
  let said = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    said += piece;
  });
  // Not by `once`, which fails with the socket: who still sends when the other side is gone is told by a reset, behind the answer.
  const answer = new Promise<string>((resolve) => {
    socket.once('close', () => {
      clearInterval(dripping);
      resolve(said);
    });
  });
  return { answer, end: () => socket.destroy() };
}

const upload = (authorization: string) =>
  fetch(`${ground.url}/v1/jobs?${query.toString()}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'text/csv' },
    body: '+447911123456\n',
  });

test('forty slow uploads of one key keep nobody else waiting, are ended, and leave room again', async () => {
  const path = `/v1/jobs?${query.toString()}`;
  const uploads = await Promise.all(
    Array.from({ length: 40 }, () => drip(head('POST', path, slow, 'text/csv'))),
  );
  // Four of them are being read, and the others are refused: those at least that came before the first of the four were ended.
  const refused = () => ground.logged().split('"too_many_uploads"').length - 1;
  await expect.poll(refused).toBeGreaterThanOrEqual(20);
  const taken = await upload(other);
  expect(taken.status).toBe(202);
  const { headers } = await fetch(`${ground.url}/v1/jobs`, { headers: { authorization: slow } });
  expect(headers.get('content-type')).toContain('application/json');

  const answers = await Promise.all(uploads.map(({ answer }) => answer));
  expect(new Set(answers.map((answer) => answer.slice(9, 12)))).toEqual(new Set(['408', '429']));
  for (const answer of answers) {
    expect(answer).toMatch(
      /^HTTP\/1.1 408 [^]*"upload_too_slow"|^HTTP\/1.1 429 [^]*retry-after: 2\r\n[^]*ROLLCALL_UPLOADS_AT_ONCE_PER_KEY/i,
    );
  }
  expect((await upload(slow)).status).toBe(202);
  const { rows } = await ground.database.query('SELECT count(*)::int AS jobs FROM store.jobs');
  expect(rows).toEqual([{ jobs: 2 }]);
});

test('a small body that drips is ended at its own time, whatever the largest upload may take', async () => {
  for (const [method, path] of [
    ['POST', '/v1/keys'],
    ['PATCH', '/v1/jobs/job_0190b6a8-5e0a-7cc2-9d4e-7a3f0c1b2d3e'],
    ['POST', '/v1/holds/resolve'],
  ] as const) {
    const { answer } = await drip(head(method, path, other, 'application/json'));
    const said = await answer;
    expect(said, path).toMatch(/^HTTP\/1.1 408 [^]*"request_timeout"/);
    expect(said).toContain('within 1.5 seconds');
  }
});
